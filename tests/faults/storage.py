"""Disks and files that cannot be written, also for root: what a server meets there."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.shop import BUY
from tests.time_limits import HANGS

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


def obey_permissions() -> None:
    """For a process that is about to start a program: permissions of files will apply to it, also where it is root's.

    Root may write every file by one capability, which a program loses when it is not in the bounding set. It takes no
    more rights than root has in a container.
    """
    if os.geteuid() == 0 and sys.platform == "linux":
        dropped = ctypes.CDLL(None, use_errno=True).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)
        assert dropped == 0, os.strerror(ctypes.get_errno())


def readiness(address: str) -> tuple[int, dict[str, Any]]:
    """The status and body of /readyz."""
    response = httpx.get(f"{address}/readyz", timeout=30)
    return response.status_code, response.json()


def is_recorded(address: str, program: NewProgram, given: dict[str, Any]) -> bool:
    """Send a purchase once: was it recorded?"""
    response = httpx.post(
        f"{address}/graphql",
        json={"query": BUY, "variables": {"input": given}},
        headers={"Authorization": f"Bearer {program.token(Role.TILL)}"},
        timeout=HANGS,
    )
    body = response.json()
    return "errors" not in body and body["data"]["recordPurchase"]["userErrors"] == []
