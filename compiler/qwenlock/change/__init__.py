"""Upgrading a plan, selecting a model, setting up a project: from settings to a change."""
