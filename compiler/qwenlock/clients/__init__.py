"""What is known of the releases of Qwen Code, as data."""
