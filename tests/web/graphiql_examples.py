"""The examples that GraphiQL opens with, as its page reads them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.domain.access import Role
from app.web.graphiql import FOLDER
from tests.shop import real_now

TEXT = (FOLDER / "examples.graphql").read_text(encoding="utf-8")
_ROLES = {"A till's key.": Role.TILL, "The owner's key.": Role.OWNER, "A customer's key.": Role.CUSTOMER}


@dataclass(frozen=True)
class Example:
    """An operation with the comment above it and its variables; `role` is whose key the comment asks for, None for any."""

    name: str
    document: str
    variables: dict[str, Any]
    role: Role | None


def examples() -> list[Example]:
    """All examples, in the order of the tabs."""
    days = {"yesterday": -1, "tomorrow": 1}

    def with_day(value: Any) -> Any:
        """The value, where the page writes a day of now for a word."""
        if isinstance(value, dict):
            return {name: with_day(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [with_day(inner) for inner in value]
        return (real_now() + timedelta(days=days[value])).isoformat() if value in days else value

    given = json.loads((FOLDER / "variables.json").read_text(encoding="utf-8"))
    found = []
    for document in filter(None, (part.strip() for part in re.split(r"(?<=^}\n)", TEXT, flags=re.MULTILINE))):
        name = re.findall(r"^(?:query|mutation) (\w+)", document, flags=re.MULTILINE)
        comment = " ".join(re.findall(r"^# (.*)$", document, flags=re.MULTILINE))
        (role,) = {role for words, role in {**_ROLES, "Any key.": None}.items() if comment.endswith(words)}
        (only,) = name
        found.append(Example(only, document, with_day(given.pop(only, {})), role))
    assert given == {}, "variables without an operation"
    return found


def with_ids(variables: Any, answers: dict[str, Any]) -> Any:
    """The variables after doing what they say: `entry.id of Buy` is the id in the answer of the example Buy."""
    if isinstance(variables, dict):
        return {name: with_ids(value, answers) for name, value in variables.items()}
    found = re.fullmatch(r"([\w.]+) of (\w+)", variables) if isinstance(variables, str) else None
    if found is None:
        return variables
    (value,) = answers[found[2]].values()
    for field in found[1].split("."):
        value = value[field]
    return value
