"""The command line: the only place that prints or knows Typer. One module a command."""
