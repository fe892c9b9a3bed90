"""Resolving: what a client started with flags, variables and settings uses, field by field."""
