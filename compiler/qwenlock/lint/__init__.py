"""Linting: all findings about the settings, and their repairs.

A rule is a function from a `Subject` to findings. `RULES` in `lint.py` lists all rules.
"""
