"""Upgrading a plan, selecting a model, beginning a project: from settings to a change."""
