"""Terms as a YAML file with the input of `publishTerms`: read, with the line of anything that is wrong, and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from graphql import GraphQLError, GraphQLList, GraphQLNonNull
from graphql.utilities import coerce_input_value, validate_input_value

from app.api.conventions.scalars import parse_date_time
from app.api.schema import schema
from app.api.types.terms.clause_input import ClauseInput, drafted_clauses, input_values_of
from app.domain.i18n.details import in_english
from app.domain.terms.validation import DraftedClause, TermsError
from app.domain.terms.version import Terms
from app.graphql_server.schema.core_schema import core_schema
from app.graphql_server.schema.direct_resolvers import builder

MAX_CHARACTERS = 256 * 1024
"""Maximum number of characters of a file."""

MAX_LEVELS = 32
"""Maximum number of levels of lists and mappings."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_Place = tuple[str, ...]
"""The path to a value in a file: names of fields, and indexes of items from 0."""


class TermsFileError(ValueError):
    """A file that is no terms: the line (from 1) and the path of what is wrong, and a message."""

    def __init__(self, line: int, path: _Place, message: str) -> None:
        super().__init__(f"line {line}: {'.'.join(path)}: {message}" if path else f"line {line}: {message}")
        self.line = line
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class TermsFile:
    """The contents of a file: the clauses, and from when on they decide (None: as soon as the notice allows)."""

    clauses: list[DraftedClause]
    effective_from: datetime | None
    lines: Mapping[_Place, int]
    """The line of each place in the file."""

    def error(self, error: TermsError) -> TermsFileError:
        """The file's error for an error of the rules, with the line that caused it."""
        return TermsFileError(_line(self.lines, error.path), error.path, in_english(error.detail))


def read(text: str, *, currency: str) -> TermsFile:
    """The terms in a file. Raises TermsFileError."""
    lines: dict[_Place, int] = {}
    content = _content(text, lines)
    if not isinstance(content, dict) or not {"clauses"} <= content.keys() <= {"clauses", "effectiveFrom"}:
        raise TermsFileError(1, (), "a file of terms has `clauses`, may have `effectiveFrom`, and nothing else")
    clause_inputs = _clause_inputs(content["clauses"], lines)
    try:
        clauses = drafted_clauses(clause_inputs, currency=currency)
    except TermsError as error:
        raise TermsFileError(_line(lines, error.path), error.path, in_english(error.detail)) from error
    return TermsFile(clauses=clauses, effective_from=_effective_from(content.get("effectiveFrom"), lines), lines=lines)


def write(terms: Terms) -> str:
    """A version as a file; publishing the file gives the same clauses."""
    clauses = [input_values_of(clause) for clause in terms.clauses]
    return yaml.safe_dump({"clauses": clauses}, allow_unicode=True, sort_keys=False, width=120)


def _effective_from(value: object, lines: Mapping[_Place, int]) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_date_time(value)
    except GraphQLError as error:
        raise TermsFileError(_line(lines, ("effectiveFrom",)), ("effectiveFrom",), error.message) from error


def _clause_inputs(clauses: object, lines: Mapping[_Place, int]) -> list[ClauseInput]:
    """The clauses as a request would contain them, with the same types, checks and messages. Raises TermsFileError."""
    clause_type = core_schema(schema).get_type("ClauseInput")
    assert clause_type is not None
    clause_list_type: Any = GraphQLNonNull(GraphQLList(GraphQLNonNull(clause_type)))

    def raise_error(error: GraphQLError, path: list[str | int]) -> None:
        place = ("clauses", *(str(step) for step in path))
        raise TermsFileError(_line(lines, place), place, error.message)

    validate_input_value(clauses, clause_list_type, raise_error)
    coerced: Any = coerce_input_value(clauses, clause_list_type)
    build = builder(ClauseInput, schema=schema)
    return [build(value) for value in coerced]


def _line(lines: Mapping[_Place, int], path: _Place) -> int:
    """The line of the longest part of the path that is in the file."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _content(text: str, lines: dict[_Place, int]) -> Any:
    """The plain values of a file. Anchors, aliases and tags are errors, so that each clause is written in one place."""
    if len(text) > MAX_CHARACTERS:
        raise TermsFileError(1, (), f"a file of terms has at most {MAX_CHARACTERS:,} characters")
    try:
        level = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise TermsFileError(
                    _line_of_mark(event.start_mark), (), "anchors, aliases and tags are not allowed here"
                )
            level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if level > MAX_LEVELS:
                raise TermsFileError(_line_of_mark(event.start_mark), (), f"at most {MAX_LEVELS} levels")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TermsFileError(_line_of_mark(mark), (), getattr(error, "problem", None) or str(error)) from error
    return None if node is None else _plain_value(node, (), lines)


def _line_of_mark(mark: Any) -> int:
    return 1 if mark is None else int(mark.line) + 1


def _plain_value(node: yaml.Node, path: _Place, lines: dict[_Place, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain_value(item, (*path, str(index)), lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or name in mapping:
                raise TermsFileError(
                    key.start_mark.line + 1, path, "a field name appears twice, or is not a plain word"
                )
            mapping[name] = _plain_value(value, (*path, name), lines)
        return mapping
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """A whole number, true, false or null; anything else is text, so that 17:00, 1.50 and 2026-06-01 stay as they are written."""
    text: str = node.value
    if getattr(node, "style", None):
        return text
    constants = {"true": True, "false": False, "null": None, "~": None, "": None}
    if text in constants:
        return constants[text]
    return int(text) if _INTEGER.fullmatch(text) else text
