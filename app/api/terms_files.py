"""Terms as a YAML file: the very input of `publishTerms`, read with the place of whatever is wrong, and written."""

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

LARGEST = 256 * 1024
"""Characters of a file."""

MAX_LEVELS = 32
"""Levels of lists and mappings."""

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_Place = tuple[str, ...]


class TermsFileError(ValueError):
    """A file that is no terms: the line (from 1), the way to what is wrong, and what it is."""

    def __init__(self, line: int, path: _Place, message: str) -> None:
        super().__init__(f"line {line}: {'.'.join(path)}: {message}" if path else f"line {line}: {message}")
        self.line = line
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class TermsFile:
    """What a file says: the clauses, and from when (None: as soon as the notice allows)."""

    clauses: list[DraftedClause]
    effective_from: datetime | None
    lines: Mapping[_Place, int]

    def error(self, error: TermsError) -> TermsFileError:
        """An error of the rules, with the line that caused it."""
        return TermsFileError(_line(self.lines, error.path), error.path, in_english(error.detail))


def read(text: str, *, currency: str) -> TermsFile:
    """The terms in a file. Raises TermsFileError."""
    lines: dict[_Place, int] = {}
    content = _content(text, lines)
    if not isinstance(content, dict) or not {"clauses"} <= content.keys() <= {"clauses", "effectiveFrom"}:
        raise TermsFileError(1, (), "a file of terms has `clauses`, may have `effectiveFrom`, and nothing else")
    sent = _coerced(content["clauses"], lines)
    try:
        clauses = drafted_clauses(sent, currency=currency)
    except TermsError as error:
        raise TermsFileError(_line(lines, error.path), error.path, in_english(error.detail)) from error
    return TermsFile(clauses=clauses, effective_from=_start(content.get("effectiveFrom"), lines), lines=lines)


def write(terms: Terms) -> str:
    """A version as a file that publishes to the same clauses."""
    clauses = [input_values_of(clause) for clause in terms.clauses]
    return yaml.safe_dump({"clauses": clauses}, allow_unicode=True, sort_keys=False, width=120)


def _start(given: object, lines: Mapping[_Place, int]) -> datetime | None:
    if given is None:
        return None
    try:
        return parse_date_time(given)
    except GraphQLError as error:
        raise TermsFileError(_line(lines, ("effectiveFrom",)), ("effectiveFrom",), error.message) from error


def _coerced(clauses: object, lines: Mapping[_Place, int]) -> list[ClauseInput]:
    """The clauses as the server would take them from a request: the same types, the same checks, the same words."""
    type_ = core_schema(schema).get_type("ClauseInput")
    assert type_ is not None
    whole: Any = GraphQLNonNull(GraphQLList(GraphQLNonNull(type_)))

    def wrong(error: GraphQLError, path: list[str | int]) -> None:
        index = ("clauses", *(str(step) for step in path))
        raise TermsFileError(_line(lines, index), index, error.message)

    validate_input_value(clauses, whole, wrong)
    sent: Any = coerce_input_value(clauses, whole)
    build = builder(ClauseInput, schema=schema)
    return [build(value) for value in sent]


def _line(lines: Mapping[_Place, int], path: _Place) -> int:
    """The line of the innermost place on the way that the file has."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _content(text: str, lines: dict[_Place, int]) -> Any:
    """The plain values of a file. Anchors, aliases and tags are errors: each clause is to be read where it stands."""
    if len(text) > LARGEST:
        raise TermsFileError(1, (), f"a file of terms has at most {LARGEST:,} characters")
    try:
        level = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise TermsFileError(_row(event.start_mark), (), "anchors, aliases and tags are not allowed here")
            level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if level > MAX_LEVELS:
                raise TermsFileError(_row(event.start_mark), (), f"at most {MAX_LEVELS} levels")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TermsFileError(_row(mark), (), getattr(error, "problem", None) or str(error)) from error
    return None if node is None else _plain(node, (), lines)


def _row(mark: Any) -> int:
    return 1 if mark is None else int(mark.line) + 1


def _plain(node: yaml.Node, path: _Place, lines: dict[_Place, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(incomplete, (*path, str(index)), lines) for index, incomplete in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or name in found:
                raise TermsFileError(key.start_mark.line + 1, path, "a name stands twice, or is none")
            found[name] = _plain(value, (*path, name), lines)
        return found
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """Whole numbers, true, false and null; all else is text, so that 17:00, 1.50 and 2026-06-01 are what they look like."""
    text: str = node.value
    if getattr(node, "style", None):
        return text
    words = {"true": True, "false": False, "null": None, "~": None, "": None}
    if text in words:
        return words[text]
    return int(text) if _WHOLE.fullmatch(text) else text
