"""The settings that make a client obey a lock, and whether it does."""
