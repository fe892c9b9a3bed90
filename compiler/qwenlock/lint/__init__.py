"""Linting: everything there is to say about the settings, and what can be repaired.

A rule is a function from a `Subject` to findings, in the module of its hundred; `lint.RULES` lists
them.
"""
