"""Processes that run `troth` without importing it anew: forked from one that has imported everything and does nothing else.

Starting an interpreter and importing the server takes far longer than what most tests do with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from app.cli import COMMANDS

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [*(command.source.partition(":")[0] for command in COMMANDS), "app.main", "app.api.terms_files"]
)


@dataclass(frozen=True)
class ForkedProcess:
    """A running command, with the methods of `subprocess.Popen` that the tests use. It ends with the tests at the latest."""

    process: BaseProcess

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self.process.pid is not None
        return self.process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.exitcode

    def wait(self, seconds: float) -> int:
        """The exit code. Raises TimeoutError when it has not ended in time."""
        self.process.join(seconds)
        code = self.poll()
        if code is None:
            raise TimeoutError(f"process {self.pid} has not ended")
        return code


def start_command(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str,
    output: str | None = None,
    errors: str | None = None,
    prepare: Callable[[], None] | None = None,
) -> ForkedProcess:
    """Start `troth` with arguments in a folder, with these variables only.

    It writes to the end of the file `output`, or nowhere, and errors to the end of `errors`, or to `output`. `prepare` is called
    in the new process before.
    """
    output = output or os.devnull
    process = _FORKS.Process(
        target=_run, args=(list(arguments), dict(environment), folder, output, errors or output, prepare), daemon=True
    )
    process.start()
    return ForkedProcess(process)


def _run(
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    output: str,
    errors: str,
    prepare: Callable[[], None] | None,
) -> None:
    for stream, path in ((sys.stdout, output), (sys.stderr, errors)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(file, stream.fileno())
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # Tests end it by signals, and Ctrl-C in their terminal is none of them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if prepare is not None:
        prepare()
    sys.argv = ["troth", *arguments]
    from app.cli import main

    main()
