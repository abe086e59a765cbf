"""The dependencies whose insides are used, and the versions of them that pyproject.toml allows.

`make bounds` installs what this prints: `python -m tests.dependency_bounds lowest`, or `highest`.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PUBLIC_DEPTH = 2
"""Parts of the name of a module up to which libraries document what they offer: `starlette.requests`."""


DOCUMENTED = {"starlette.middleware"}
"""Packages of such a name whose modules are documented one by one."""


def dependencies() -> dict[str, Requirement]:
    """The dependencies of pyproject.toml by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def imported_modules() -> Iterator[str]:
    """Every module that the application imports, by its full name."""
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                yield node.module


def used_inside() -> set[str]:
    """The dependencies of which the application imports a module that is deeper than what they document."""
    brought_by = packages_distributions()
    deep = {
        name.partition(".")[0]
        for name in imported_modules()
        if name.count(".") >= PUBLIC_DEPTH and name.rpartition(".")[0] not in DOCUMENTED
    }
    return {canonicalize_name(found) for name in deep for found in brought_by.get(name, ())} & dependencies().keys()


def lower_bound(requirement: Requirement) -> str | None:
    """The version after `>=`."""
    return next((bound.version for bound in requirement.specifier if bound.operator == ">="), None)


def upper_bound(requirement: Requirement) -> str | None:
    """The version after `<`."""
    return next((bound.version for bound in requirement.specifier if bound.operator == "<"), None)


def requirements_at(end: str) -> list[str]:
    """What to install: each lower bound itself, or the newest version within the bounds."""
    bounded = {name: requirement for name, requirement in dependencies().items() if lower_bound(requirement)}
    if end == "highest":
        return [str(requirement) for requirement in bounded.values()]
    if end == "lowest":
        return [f"{name}=={lower_bound(requirement)}" for name, requirement in bounded.items()]
    raise ValueError(f"lowest or highest, not {end}")


if __name__ == "__main__":
    print(*requirements_at(sys.argv[1]), sep="\n")
