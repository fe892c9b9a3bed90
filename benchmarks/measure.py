"""Whole processes run in turn, so that a ratio holds on a slower or busier machine."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


_PEAK = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(status)
"""


class Figure(NamedTuple):
    """What was compared, the ratio that was measured, and the most it may be, if there is one."""

    what: str
    measured: float
    limit: float | None = None
    unit: str = "×"

    @property
    def is_over(self) -> bool:
        """Whether the limit is passed."""
        return self.limit is not None and self.measured > self.limit


class Bench:
    """Runs commands in one environment, so many rounds of them."""

    def __init__(self, environment: Mapping[str, str], rounds: int) -> None:
        self.environment = dict(environment)
        self.rounds = rounds

    def run(self, command: Sequence[str], cwd: Path, expected: tuple[int, ...] = (0,)) -> float:
        """Run a command to its end, which must have an expected exit code; return the seconds."""
        begin = time.perf_counter()
        null = os.open(os.devnull, os.O_RDWR)
        pid = os.fork()
        if pid == 0:
            os.chdir(cwd)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            os.execvpe(command[0], list(command), self.environment)
        os.close(null)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) not in expected:
            raise SystemExit(f"failed in {cwd}: {' '.join(command)}")
        return time.perf_counter() - begin

    def memory(self, command: Sequence[str], cwd: Path) -> float:
        """Return the peak memory of a command in MiB.

        A small process starts it: what the system counts begins with the memory of that.
        """
        starting = [sys.executable, "-ISc", _PEAK, *command]
        done = subprocess.run(
            starting, cwd=cwd, env=self.environment, capture_output=True, check=True
        )
        return int(done.stdout.split()[-1]) / 1024

    def side_by_side(
        self,
        commands: Mapping[str, Sequence[str]],
        cwd: Path,
        *,
        before: Callable[[], None] | None = None,
        rounds: int | None = None,
        expected: tuple[int, ...] = (0, 1),
    ) -> dict[str, float]:
        """Run commands in turn, after one round that does not count; return their medians.

        Args:
            commands: each by a name.
            cwd: where they run.
            before: what puts the files in place before each run.
            rounds: how often, where that is not the usual number.
            expected: the exit codes that they may have.
        """
        samples: dict[str, list[float]] = {name: [] for name in commands}
        for number in range((rounds or self.rounds) + 1):
            for name, command in commands.items():
                if before is not None:
                    before()
                seconds = self.run(command, cwd, expected)
                if number:
                    samples[name].append(seconds)
        return {name: statistics.median(found) for name, found in samples.items()}


def fastest(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the shortest time that `work` took in this process, in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)
