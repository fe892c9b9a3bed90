"""The lock: its model, its text, its differences."""

from __future__ import annotations

NAME = "qwen.lock"
"""What a lock's file is called."""
