"""Disks and files that cannot be written, also for root: what a server meets there."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.shop import BUY
from tests.time_limits import HANGS

_CAPABILITY_VERSION, _CAP_DAC_OVERRIDE = 0x20080522, 1
_EFFECTIVE, _PERMITTED = 0, 1
"""Places in what `capget` gives for the first 32 capabilities."""


def obey_permissions() -> None:
    """From now on permissions of files apply to this process, also where it is root's; it must have one thread only.

    Root may write every file by one capability, which is given up here. A process may always give up what it may do.
    """
    if os.geteuid() == 0 and sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        process, capabilities = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
        assert libc.capget(process, capabilities) == 0, os.strerror(ctypes.get_errno())
        for kind in (_EFFECTIVE, _PERMITTED):
            capabilities[kind] &= ~(1 << _CAP_DAC_OVERRIDE)
        assert libc.capset(process, capabilities) == 0, os.strerror(ctypes.get_errno())


def readiness(address: str) -> tuple[int, dict[str, Any]]:
    """The status and body of /readyz."""
    response = httpx.get(f"{address}/readyz", timeout=30)
    return response.status_code, response.json()


def is_recorded(address: str, program: NewProgram, given: dict[str, Any]) -> bool:
    """Send a purchase once: was it recorded? If not, the till is told to send it again later."""
    response = httpx.post(
        f"{address}/graphql",
        json={"query": BUY, "variables": {"input": given}},
        headers={"Authorization": f"Bearer {program.token(Role.TILL)}"},
        timeout=HANGS,
    )
    body = response.json()
    if "errors" in body:
        assert (response.status_code, body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE"), body
        assert int(response.headers["retry-after"]) > 0
        return False
    assert body["data"]["recordPurchase"]["userErrors"] == []
    return True


class Disk(Protocol):
    """A disk with little room for the database of a server process."""

    folder: Path

    def prepare(self) -> None:
        """Called in the process that becomes the server."""

    def fill(self, pid: int | None, *, leave: int) -> None:
        """Leave some bytes of room, for a server that runs or one that will be started."""

    def free(self, pid: int) -> None:
        """Give the server room again."""


class SmallDisk:
    """A disk of its own in memory, which another file fills. Needs the right to mount one."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "troth-test", str(folder)], check=True)

    def prepare(self) -> None:
        """Nothing: the disk is the same for every process."""

    def fill(self, pid: int | None, *, leave: int) -> None:  # noqa: ARG002 - full for everybody
        """Write a file that takes all the room but the bytes to leave."""
        disk = os.statvfs(self.folder)
        with (self.folder / "ballast").open("ab") as ballast:
            ballast.write(bytes(disk.f_bavail * disk.f_frsize - leave))

    def free(self, pid: int) -> None:  # noqa: ARG002 - for everybody
        """Remove that file."""
        (self.folder / "ballast").unlink()

    def unmount(self) -> None:
        """Remove the disk, also when a process still uses it."""
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


_INDEX_OF_A_LOG = 32_768


class LimitedFiles:
    """A limit on the size of each file that a process writes: the nearest thing to a full disk for everybody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._limit = resource.RLIM_INFINITY

    def prepare(self) -> None:
        """Limit the process, as its disk was filled before it started."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._limit, resource.RLIM_INFINITY))

    def fill(self, pid: int | None, *, leave: int) -> None:
        """Leave some bytes beyond the largest file of a process that runs; one that will be started may write hardly anything.

        SQLite cannot read a log that a kill left without an index of 32 KB, for which a real disk has the room of the old one.
        """
        if pid is None:
            log_is_left = any(file.name.endswith("-wal") for file in self.folder.iterdir())
            self._limit = leave + (_INDEX_OF_A_LOG if log_is_left else 0)
            return
        largest = max(file.stat().st_size for file in self.folder.iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + leave, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        """Lift the limit."""
        self._limit = resource.RLIM_INFINITY
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def may_mount() -> bool:
    """May this process mount a disk?"""
    return _succeeds("unshare", "--mount", "true") and os.geteuid() == 0


def may_mount_in_a_namespace() -> bool:
    """May a process that is root in a namespace of its own mount a disk there?"""
    return _succeeds("unshare", "--user", "--map-root-user", "--mount", "true")


def _succeeds(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )
