"""Rules of the repository: sizes, names, SQL in the store only, documented settings, locks without addresses."""

from __future__ import annotations

import ast
import re
import stat
import subprocess
from pathlib import Path

import pytest

from app.config import Settings

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
FORBIDDEN = {"utils", "helpers", "services", "managers", "common", "core", "base", "exceptions"}


def test_no_file_is_longer_than_300_lines_and_no_function_longer_than_50() -> None:
    long = [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and (node.end_lineno or 0) - node.lineno + 1 > 50:
                long.append(f"{source}:{node.name}")
    assert long == []


def test_shared_modules_have_specific_names() -> None:
    assert [str(path) for path in SOURCES if path.stem in FORBIDDEN or path.parent.name in FORBIDDEN] == []


def test_only_the_store_writes_sql() -> None:
    """The import contracts see who speaks with a driver; this sees the statements themselves."""
    sql = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|PRAGMA|BEGIN)\s+[\w(*]")
    found: dict[bool, list[str]] = {True: [], False: []}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and sql.match(node.value):
                found["store" in path.parts].append(f"{path}:{node.lineno}")
    assert found[False] == []
    assert len(found[True]) > 50


WHO_ASKS_THE_SERVERS_TIME = {
    "cli/runtime.py": "a composition root",
    "cli/programs.py": "a program that does not exist yet",
    "jobs/preview_process.py": "a composition root; the signs of life of a process",
    "jobs/preview_worker.py": "signs of life of processes",
    "main.py": "a composition root",
    "usecases/programs/advance_clock.py": "it moves the clock of a program",
    "usecases/programs/create_access_key.py": "keys end by it: moving the clock of a sandbox ends none",
    "usecases/programs/revoke_access_key.py": "keys end by it",
    "usecases/programs/rotate_access_key.py": "keys end by it",
    "usecases/command.py": "an answer is kept with it; the rest goes by the clock of the program",
    "usecases/application.py": "it tells what the clock of a program shows",
}
"""Everything else asks `Application.now`, `CommandContext.now` or `Context.now`, which know that a sandbox has a clock
of its own."""


def test_only_listed_modules_read_the_server_time() -> None:
    asked = re.compile(r"(?<!def )(?<![\w.])now\(\)|datetime\.now\(|\b_?clock\(\)|\breceived_at\b")
    # The clocks of these count seconds that pass, not the time of day.
    found = {
        str(path.relative_to(ROOT / "app"))
        for path in SOURCES
        if asked.search(path.read_text(encoding="utf-8"))
        and path.name not in ("rate_limits.py", "time_budget.py", "customer_lookups.py")
    }
    assert found == WHO_ASKS_THE_SERVERS_TIME.keys()


def test_every_public_definition_in_the_domain_has_a_docstring() -> None:
    bare = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            bare.append(str(path))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        nested = {inner for outer in functions for inner in ast.walk(outer) if inner is not outer}
        public = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        ]
        bare += [f"{path}:{node.name}" for node in public if node not in nested and not ast.get_docstring(node)]
    assert bare == []


def test_every_setting_is_in_the_docs_with_its_default() -> None:
    table = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", table, re.MULTILINE))
    declared = {str(field.validation_alias): str(field.default) for field in Settings.model_fields.values()}
    assert {name: value.lower() for name, value in rows.items()} == {
        name: value.lower() for name, value in declared.items()
    }


@pytest.mark.parametrize("name", [f"requirements{part}.lock" for part in ("", "-build", "-dev", "-clients")])
def test_lock_pins_everything_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    pins = re.findall(r"^([a-z0-9][\w.-]*)==\S+", text, re.MULTILINE)
    assert len(pins) > {"requirements-build.lock": 5, "requirements-clients.lock": 15}.get(name, 30)
    for block in re.split(r"^(?=[a-z0-9][\w.-]*==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_make_names_the_required_python_in_one_line(version: str, tmp_path: Path) -> None:
    major, minor, patch = version.split(".")
    fake = tmp_path / "python3"
    fake.write_text(
        "#!/usr/bin/env bash\n"
        f'exec python3 -c "import sys; sys.version_info = ({major}, {minor}, {patch}); sys.version = \\"{version}\\"; exec(sys.argv[1])" "$2"\n',
        encoding="utf-8",
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    result = subprocess.run(
        ["make", "-s", "-C", str(ROOT), "python", f"PYTHON={fake}"], capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    sentences = [line for line in result.stderr.splitlines() if "make" not in line.split(":")[0]]
    assert sentences == [
        f"Troth needs Python 3.11, 3.12 or 3.13; this is {version}. Try: make PYTHON=python3.11 python"
    ]
