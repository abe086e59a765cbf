"""docs/errors.md as programs read it: what a client does, by status and by code, as the page's tables say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"


class Action(Enum):
    """What to do with an answer, in the page's words. Of several, the first one goes before the others."""

    STOP = "stop"
    RETRY = "retry"
    RETRY_SOME = "retry 5 times, then tell"
    TELL = "tell"
    DONE = "done"


_PRECEDENCE = list(Action)


@dataclass(frozen=True)
class Verdict:
    """What to do with an answer, and the codes that say so."""

    action: Action
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorsPage:
    """The tables of the page: an action for each status, code of `errors`, code of `userErrors`, and enum."""

    statuses: Mapping[str, Action]
    codes: Mapping[str, Action]
    problems: Mapping[str, Action]
    enums: Mapping[str, Action]
    text: str = field(repr=False, default="")

    def verdict(self, status: int, body: bytes) -> Verdict:
        """What to do with a whole answer, in the order in which the page says to look at it."""
        by_status = Verdict(self._by_status(status), (str(status),))
        if status not in (200, 400):
            return by_status
        sent = _json_object(body)
        codes = [str((error.get("extensions") or {}).get("code")) for error in sent.get("errors") or ()]
        if codes:
            return _gravest(codes, self.codes)
        if status == 200 and isinstance(sent.get("data"), dict):
            payloads = [payload for payload in sent["data"].values() if isinstance(payload, dict)]
            problems = [error["code"] for payload in payloads for error in payload.get("userErrors", ())]
            return _gravest(problems, self.problems) if problems else Verdict(Action.DONE)
        return by_status

    def _by_status(self, status: int) -> Action:
        otherwise = Action.STOP if status < 400 else Action.TELL if status < 500 else Action.RETRY
        return self.statuses.get(str(status), otherwise)


def _gravest(codes: Iterable[str], actions: Mapping[str, Action]) -> Verdict:
    found = tuple(codes)
    return Verdict(min((actions.get(code, Action.TELL) for code in found), key=_PRECEDENCE.index), found)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def read_errors_page(text: str | None = None) -> ErrorsPage:
    """The page in docs/errors.md, or another one. Raises ValueError for a name that it lists twice."""
    text = PAGE.read_text(encoding="utf-8") if text is None else text
    heads = ("Statuses", "Codes of `errors`", "Codes of `userErrors`", "Codes that are no errors")
    statuses, codes, problems, enums = (_table(text, head=head) for head in heads)
    return ErrorsPage(statuses, codes, problems, enums, text)


def _table(text: str, *, head: str) -> dict[str, Action]:
    """The rows of the table below a heading."""
    (part,) = re.findall(rf"^## {re.escape(head)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    found: dict[str, Action] = {}
    for names, action in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ", part, re.MULTILINE):
        for name in re.findall(r"`(\w+)`|(\d{3})", names):
            key = name[0] or name[1]
            if key in found:
                raise ValueError(f"{key} is listed twice")
            found[key] = Action(action)
    return found
