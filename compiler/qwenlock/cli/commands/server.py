"""`qwenlock server`: the language server, for editors."""

from __future__ import annotations

from qwenlock.cli import declared as typer

app = typer.Typer(add_completion=False)


@app.command()
def server() -> int:
    """Serve an editor: findings, fixes, help, completion as you write.

    It speaks the Language Server Protocol over standard input and output. Editors start it; see
    docs/how-to/language-server.md. It writes only what you agree to. Needs the extra `server`.

    Example: `pip install "qwenlock[server]"`
    """
    import gc
    import sys

    from qwenlock.findings.errors import UsageError

    if sys.stdin is not None and sys.stdin.isatty():
        message = "`qwenlock server` speaks with an editor, not with a person"
        raise UsageError(message, "set your editor up to start it")
    try:
        import pygls.lsp.server
    except ImportError:
        message = "`qwenlock server` needs pygls and lsprotocol, which are not installed"
        fix = 'install them with `pip install "qwenlock[server]"`'
        raise UsageError(message, fix) from None
    del pygls
    gc.enable()  # `__main__` turns it off, for processes that end soon
    from qwenlock.server.serving import serve

    return serve()
