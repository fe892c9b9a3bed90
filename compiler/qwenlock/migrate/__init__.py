"""Migrates a project: from its settings to the files that change."""
