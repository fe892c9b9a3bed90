"""The command line: the only room that prints or uses Typer. One module per command."""
