"""Conformance: what the real client does, beside what the guide says and what a lock promises."""
