"""Start the command line: `python -m qwenlock`, and the installed `qwenlock`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line, and end the process with its exit code.

    Start-up time is a feature, and so is the end: a short-lived process needs no collector of
    cycles, and nothing is left to tidy up when `run` has returned (it has flushed its output).
    """
    gc.disable()
    from qwenlock.cli.app import run

    os._exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
