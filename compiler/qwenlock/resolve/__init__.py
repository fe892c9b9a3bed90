"""Resolves what a client uses, field by field, from its flags, variables and settings."""
