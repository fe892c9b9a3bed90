"""Settings and plans to a lock: the pure core."""
