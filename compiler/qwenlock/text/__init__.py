"""JSON with comments: reads values and their positions, and edits only what changes."""
