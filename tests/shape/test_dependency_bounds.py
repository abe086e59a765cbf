"""Dependencies whose insides are used have bounds; what is installed and what is locked lies within them."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from tests.dependency_bounds import dependencies, lower_bound, requirements_at, upper_bound, used_inside

ROOT = Path(__file__).parents[2]
USED_INSIDE_BY_NAME = {"aiosqlite"}
"""Dependencies of which something undocumented is used, though no module that it is imported from says so."""


def locked(name: str) -> dict[str, str]:
    """The versions of a lock by package."""
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_dependency_whose_insides_are_used_has_both_bounds_and_says_what_is_used() -> None:
    assert used_inside() == {"graphql-core", "strawberry-graphql", "tortoise-orm", "uvicorn"}
    for name in {*used_inside(), *USED_INSIDE_BY_NAME}:
        requirement = dependencies()[name]
        assert lower_bound(requirement), f"{name} needs a lower bound: its insides are used"
        assert upper_bound(requirement), f"{name} needs an upper bound: its insides are used"
        line = re.search(
            rf'^  "{name}[^"]*",(.*)$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
        )
        assert line is not None
        assert " # insides: " in line[1], f"pyproject.toml does not say what is used of {name}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locked_versions_are_within_the_bounds(lock: str) -> None:
    versions = locked(lock)
    for name, requirement in dependencies().items():
        assert versions[name] in requirement.specifier, f"{lock} has {name} {versions[name]}: run `make lock`"


def test_what_runs_has_one_version_in_both_locks() -> None:
    with_tests = locked("requirements-dev.lock")
    assert locked("requirements.lock").items() <= with_tests.items()


def test_the_installed_versions_are_within_the_bounds() -> None:
    for name, requirement in dependencies().items():
        assert version(name) in requirement.specifier, f"{name} {version(name)} is installed: run `make check`"


def test_make_bounds_tries_the_lower_bounds_themselves_and_the_newest_below_the_upper_ones() -> None:
    lowest, highest = requirements_at("lowest"), requirements_at("highest")
    assert len(lowest) == len(highest) >= len(used_inside())
    for exact, ranged in zip(lowest, highest, strict=True):
        name, _, number = exact.partition("==")
        requirement = dependencies()[name]
        assert ranged == str(requirement)
        assert number in requirement.specifier
        assert upper_bound(requirement) is None or Version(number) < Version(str(upper_bound(requirement)))
