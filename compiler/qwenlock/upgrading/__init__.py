"""Upgrading a plan and selecting a model, as functions from settings to a change.

Nothing is read, asked, printed or written here. DESIGN, Upgrading a plan.
"""
