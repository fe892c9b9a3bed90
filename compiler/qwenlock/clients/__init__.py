"""What is known about the releases of Qwen Code, as data."""
