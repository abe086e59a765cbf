"""What is shipped: declared dependencies, a minimal image, a compose file that accepts any password.

`make lint` holds the Dockerfile to hadolint and compose.yaml to the schema of the Compose specification. Neither needs
an engine; that the image builds and the services start is not tried here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dependency_bounds import dependencies, imported_modules

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def named(requirement: str) -> str:
    """The name of a requirement, in the spelling of an index."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def listed(name: str) -> list[str]:
    """The requirements in a file."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def imported() -> set[str]:
    """The top-level names that the application imports from elsewhere."""
    names = {module.partition(".")[0] for module in imported_modules()}
    return names - set(sys.stdlib_module_names) - {"app"}


LOADED_BY_NAME = {"httptools": "by uvicorn", "tzdata": "by the standard library", "uvloop": "by uvicorn"}
"""Dependencies that the application does not import itself, and what loads them."""


def test_imported_packages_and_declared_dependencies_are_the_same() -> None:
    brought_by = packages_distributions()
    assert {"yaml", "pydantic", "orjson"} <= imported()
    missing = {
        name: brought_by.get(name)
        for name in imported()
        if not {*map(named, brought_by.get(name, ()))} & {*dependencies()}
    }
    assert missing == {}, "not declared, or not installed as locked: run `make check`"
    used = {named(distribution) for name in imported() for distribution in brought_by[name]}
    assert dependencies().keys() - used == LOADED_BY_NAME.keys()


def test_requirements_are_the_dependencies_and_build_tools_are_separate() -> None:
    assert listed("requirements.in") == PROJECT["project"]["dependencies"]
    assert {named(require) for require in PROJECT["build-system"]["requires"]} <= set(listed("requirements-build.in"))
    locked = {named(line) for line in listed("requirements.lock") if "==" in line}
    assert {named(text) for text in listed("requirements.in")} <= locked
    assert locked.isdisjoint({*listed("requirements-build.in"), "trove-classifiers", "pytest", "ruff", "mypy"})


@pytest.mark.parametrize(("goal", "stamp"), [("demo", ".troth-run"), ("test", ".troth-dev")])
def test_second_make_sets_nothing_up_again(goal: str, stamp: str, tmp_path: Path) -> None:
    """Until a lock changes: then it does."""
    for file in (
        "Makefile",
        "pyproject.toml",
        *(f"requirements{part}.lock" for part in ("", "-build", "-dev", "-clients")),
    ):
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
        os.utime(tmp_path / file, (1, 1))
    (tmp_path / ".venv").mkdir()
    for number, file in enumerate((".troth-run", stamp), start=2):
        (tmp_path / ".venv" / file).touch()
        os.utime(tmp_path / ".venv" / file, (number, number))
    (tmp_path / ".venv-clients").mkdir()
    (tmp_path / ".venv-clients" / ".made").touch()

    def planned() -> str:
        command = ["make", "-n", "-C", tmp_path, goal]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert " -m pip " not in planned()
    assert f".venv/bin/{'troth demo' if goal == 'demo' else 'pytest'}" in planned()
    for lock in ("requirements.lock", "requirements-build.lock"):
        os.utime(tmp_path / lock, (9, 9))
        assert "--require-hashes -r requirements.lock -r requirements-build.lock" in planned()
        os.utime(tmp_path / lock, (1, 1))


def test_image_is_pinned_unprivileged_persistent_and_health_checked() -> None:
    lines = DOCKERFILE.splitlines()
    images = [line for line in lines if line.startswith("FROM ")]
    assert len(images) == 2
    assert all(re.match(r"FROM [\w./-]+:[\w.-]+( AS \w+)?$", line) for line in images)
    last = lines[lines.index(images[1]) :]
    assert [line.split()[1] for line in last if line.startswith("USER ")] == ["10001"]
    assert [line.split()[1] for line in last if line.startswith("VOLUME ")] == ["/var/lib/troth"]
    assert any(line.startswith("HEALTHCHECK") for line in last)


def test_build_tools_stay_in_the_first_stage() -> None:
    """Every lock is installed with its hashes; into what runs go the runtime's lock and the wheel, by another pip."""
    first, last = DOCKERFILE.split("\nFROM ")
    installs = re.findall(r"\S+/pip (?:--python (\S+) )?install .*?(-r \S+|\S+\.whl)", first)
    assert installs == [
        ("", "-r requirements-build.lock"),
        ("/opt/troth/bin/python", "-r requirements.lock"),
        ("/opt/troth/bin/python", "/tmp/wheels/*.whl"),
    ]
    assert first.count("--require-hashes") == 2
    assert "venv --without-pip /opt/troth" in first
    assert re.findall(r"COPY --from=build (\S+) ", last) == ["/opt/troth"]
    assert "pip" not in last


def test_dockerfile_and_compose_linters_report_errors(tmp_path: Path) -> None:
    """`make lint` runs both on ours; that they would say something is shown here."""
    tools = Path(sys.executable).parent
    for make in ("hadolint Dockerfile", "check-jsonschema --builtin-schema vendor.compose-spec compose.yaml"):
        assert f"\t$(BIN)/{make}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    broken = tmp_path / "Dockerfile"
    broken.write_text(DOCKERFILE.replace(":3.11-slim", ""), encoding="utf-8")
    said = subprocess.run([tools / "hadolint", broken], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "DL3006" in said.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.replace("depends_on", "waits_for"), encoding="utf-8")
    command = [tools / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", broken]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "waits_for" in said.stdout


COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_compose_waits_for_a_healthy_database_and_a_finished_migration() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    assert services["app"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "healthcheck" in services["database"]
    assert services["app"]["ports"] == ["127.0.0.1:8000:8000"]


def test_compose_holds_no_password_and_puts_none_into_a_url() -> None:
    """A URL would read @ / # and % in it as something else; tests/cli/test_password.py shows that it arrives."""
    services = yaml.safe_load(COMPOSE)["services"]
    assert re.findall(r"PASSWORD: (?!\$\{)", COMPOSE) == []
    for name in ("migrate", "app"):
        environment = services[name]["environment"]
        assert environment["TROTH_DATABASE_URL"] == "postgresql://troth@database/troth"
        assert environment["PGPASSWORD"] == services["database"]["environment"]["POSTGRES_PASSWORD"]
