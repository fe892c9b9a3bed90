"""Findings, rules, errors and file changes, as data."""
