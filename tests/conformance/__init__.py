"""Conformance: compare real clients with what the guide says and what a lock promises."""
