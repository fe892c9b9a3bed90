"""JSON with comments: text to values with positions, and edits that keep everything else."""
