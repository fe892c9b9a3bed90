"""Start the command line: `python -m qwenlock`, and the installed `qwenlock`."""

import gc
import os
import sys


def main() -> None:
    """Run the command line, and end the process with its exit code.

    Start-up time is a feature, and so is the end: a short-lived process needs no collector of
    cycles, and nothing is left to tidy up when `run` has returned (it has flushed its output).
    """
    gc.disable()
    from qwenlock.edge import remembered

    arguments = sys.argv[1:]
    code = remembered.answer(arguments)
    if code is None:
        from qwenlock.edge.watch import watched

        with watched(arguments) as watch:
            from qwenlock.cli.start import run

            code = run(arguments, watch, from_memory=True)
    os._exit(code)


if __name__ == "__main__":
    main()
