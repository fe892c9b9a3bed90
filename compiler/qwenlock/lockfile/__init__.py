"""The lock: its model, its text, its differences."""
