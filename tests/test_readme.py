"""The README's walks are executed as printed: every command is run against the demo, every response compared."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.demo_people import ADA, BEN, MEI
from app.domain.terms.lint.finding import LintCode
from tests.time_limits import HANGS

ROOT = Path(__file__).parents[1]


def walk() -> list[tuple[str, str]]:
    """Commands of the README's walks, in their order, each with the answer that is printed below it (or nothing)."""
    blocks = re.findall(
        r"<!-- walk -->\n```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    steps = []
    for part in "\n\n".join(block.strip() for block in blocks).split("\n\n"):
        command, _, answer = part.partition("\n")
        assert command.startswith("$ ")
        steps.append((command[2:], answer))
    return steps


def test_readme_walk_works_as_printed(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "HOME": str(tmp_path)}
    environment.pop("TROTH_DATABASE_URL", None)
    demo = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        printed_by_demo = []
        for line in demo.stdout:
            printed_by_demo.append(line)
            if "Ctrl+C" in line:
                break
        exports = [line for line in printed_by_demo if line.startswith("export ")]
        waiting = f"until curl -fsS -m 2 http://127.0.0.1:{port}/readyz >/dev/null 2>&1; do sleep 0.1; done"
        setup, *steps = walk()
        for command, printed in steps:
            script = "\n".join([*exports, waiting, setup[0], command])
            result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=HANGS, check=True)
            response = json.loads(result.stdout)
            assert response.pop("extensions")["cost"]["requestedQueryCost"] > 0
            assert response == json.loads(printed), command
        assert len(steps) == 7
        assert_newcomer_finds_people_and_a_signed_in_address("".join(printed_by_demo), port=port)
    finally:
        demo.terminate()
        demo.wait(HANGS)


def assert_newcomer_finds_people_and_a_signed_in_address(printed: str, *, port: int) -> None:
    """What `troth demo` prints: nothing that a shell would not take beside the variables, and whom to try."""
    (key,) = re.findall(rf"^  GraphiQL +http://127\.0\.0\.1:{port}/graphql#key=(\S+)$", printed, flags=re.MULTILINE)
    assert f"export TROTH_TILL_KEY={key}\n" in printed
    people = re.findall(r"^  (\w+) +(\d{13}) +(\d+) points  (\S.*)$", printed, flags=re.MULTILINE)
    assert [(name, card, int(points)) for name, card, points, _ in people] == [
        (ADA.name, ADA.card, 26),
        (BEN.name, BEN.card, 128),
        (MEI.name, MEI.card, 574),
    ]
    exports = re.findall(r"\n\n((?:export \w+=\S+\n)+)\n", printed)
    assert [block.count("\n") for block in exports] == [5], "lines to paste at once"


def test_readme_terms_walk_works_as_printed(tmp_path: Path) -> None:
    block = re.search(
        r"<!-- terms -->\n```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert block is not None
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TROTH_DATABASE_URL": f"sqlite:///{tmp_path}/troth.db",
    }
    steps = [part.partition("\n") for part in block[1].removeprefix("$ ").split("\n$ ")]
    assert len(steps) == 10
    for command, _, printed in steps:
        result = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=False,
        )
        assert result.returncode == 0, (command, result.stdout, result.stderr)
        if " show " in command or "zh-Hant" in command:
            assert printed, "how it reads is printed"
        for line in printed.splitlines():
            assert line in result.stdout.splitlines(), command
    assert "You can have “Coffee” for 120 points." not in (tmp_path / "terms.yaml").read_text(encoding="utf-8")


DOCS = [
    "README.md",
    "CONTRIBUTING.md",
    "bench/README.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("name", sorted(DOCS))
def test_links_and_paths_in_the_docs_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:app|tests|migrations|docs|examples)/[\w./-]+)`", text)
    paths += [str(Path(name).parent / value) for value in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_readme_names_every_finding_and_all_links_are_checked() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.partition("## Terms in a file")[2].partition("\n## ")[0]
    assert [code for code in LintCode if f"`{code.value}`" not in chapter] == []
    assert {"docs/architecture.md", "CONTRIBUTING.md", "LICENSE"} <= set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text))
