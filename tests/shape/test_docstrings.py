"""Docstrings of functions name what exists: a word in backticks is a parameter, or a name of the same module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
NAME_IN_BACKTICKS = re.compile(r"(?<!`)`([a-z_][a-z0-9_]*)`(?!`)")
EXCEPTIONS = {"troth": "the command of the shell"}
"""Names that are neither parameters nor names of the module, each with what it is."""


def names_of_module(tree: ast.Module) -> set[str]:
    """Imports, definitions, constants, class fields and attributes of `self`; not the locals of functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(alias.asname or alias.name).split(".")[0] for alias in aliases}
            case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
                names.add(attribute)
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def unknown_names(tree: ast.Module) -> Iterator[str]:
    """The names in docstrings of functions that nothing in the module has, as `line function name`."""
    known = names_of_module(tree) | EXCEPTIONS.keys()

    def visit(node: ast.AST, outer_parameters: frozenset[str]) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            parameters = outer_parameters
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                parameters |= {argument.arg for argument in ast.walk(child.args) if isinstance(argument, ast.arg)}
                for name in NAME_IN_BACKTICKS.findall(ast.get_docstring(child) or ""):
                    if name not in parameters | known:
                        yield f"{child.lineno} {child.name} {name}"
            yield from visit(child, parameters)

    return visit(tree, frozenset())


def test_docstrings_name_parameters_that_exist() -> None:
    unknown = [
        f"{path.relative_to(APP)}:{found}"
        for path in sorted(APP.rglob("*.py"))
        for found in unknown_names(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("docstring", "unknown"),
    [
        ("`limit` and `self_made`, in `seconds`, by `sleep`.", []),
        ("At most `most` rows; `local` is no parameter.", ["5 read most", "5 read local"]),
        ("``url`` and `Some.path` and `A_CONSTANT` and `1` are not checked.", []),
    ],
)
def test_unknown_names_are_found(docstring: str, unknown: list[str]) -> None:
    source = f'from time import sleep\nclass Reader:\n    seconds: int\n\n    def read(self, limit):\n        """{docstring}"""\n'
    source += "        local = self.self_made\n"
    assert list(unknown_names(ast.parse(source))) == unknown


def test_each_exception_is_needed() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in APP.rglob("*.py"))
    assert EXCEPTIONS.keys() <= set(NAME_IN_BACKTICKS.findall(texts))
