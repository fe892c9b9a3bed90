"""What is said and what is to be written, as data: findings, rules, errors, file changes."""
