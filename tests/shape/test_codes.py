"""Every code is used somewhere in the application; `tests/api/test_every_code.py` reaches them all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode, Verdict
from app.domain.ledger.entries import EntryType
from app.domain.problems import ProblemCode
from app.domain.terms.lint.finding import LintCode
from tests.cli.command import ROOT

ONLY_NAMED = {
    ROOT / "app" / path
    for path in (
        "api/conventions/enums.py",
        "api/conventions/user_errors.py",
        "domain/decisions.py",
        "domain/explanations",
        "domain/i18n/values.py",
        "domain/problems.py",
        "domain/terms/lint/finding.py",
    )
}
"""Files and folders that list, describe or say codes, and give none."""
CODES: tuple[type[StrEnum], ...] = (ReasonCode, RemedyCode, Verdict, DecisionOutcome, ProblemCode, LintCode, EntryType)


def trees(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    """The files of a folder, read."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def members_used(tree: ast.Module) -> set[str]:
    """Enum members that are used as `Enum.MEMBER`."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.fixture(scope="module")
def used_codes() -> set[str]:
    """The codes that the application uses."""
    assert all(path.exists() for path in ONLY_NAMED)
    found = set()
    for file, tree in trees("app"):
        if ONLY_NAMED.isdisjoint((file, *file.parents)):
            found |= members_used(tree)
    return found


@pytest.mark.parametrize("codes", CODES, ids=lambda codes: codes.__name__)
def test_every_code_is_used(codes: type[StrEnum], used_codes: set[str]) -> None:
    assert [code.name for code in codes if f"{codes.__name__}.{code.name}" not in used_codes] == []
