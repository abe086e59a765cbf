"""Rendering terms as one text: plain, Markdown or HTML."""

from __future__ import annotations

import re
from enum import StrEnum
from html import escape

from app.domain.i18n import Phrasebook
from app.domain.terms.version import Terms


class TextFormat(StrEnum):
    """Output formats."""

    PLAIN = "PLAIN"
    MARKDOWN = "MARKDOWN"
    HTML = "HTML"


_MARKDOWN_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!])")
"""Characters with a meaning in Markdown."""


def render(terms: Terms, *, format: TextFormat, phrasebook: Phrasebook) -> str:
    """The heading and every printed clause with its number."""
    heading = phrasebook(
        "terms.heading",
        version=phrasebook.number(terms.version),
        start=phrasebook.instant_or_day(terms.effective_from, zone=terms.zone),
    )
    numbered_statements = [(clause.number, clause.statement(phrasebook)) for clause in terms.printed_clauses]
    if format is TextFormat.HTML:
        items = "".join(f'<li value="{number}">{escape(text)}</li>\n' for number, text in numbered_statements)
        return (
            f'<section lang="{phrasebook.locale.value}">\n<h1>{escape(heading)}</h1>\n<ol>\n{items}</ol>\n</section>\n'
        )
    if format is TextFormat.MARKDOWN:
        lines = [f"{number}. {_MARKDOWN_MARKS.sub(_escaped, text)}" for number, text in numbered_statements]
        return "\n".join([f"# {_MARKDOWN_MARKS.sub(_escaped, heading)}", "", *lines]) + "\n"
    return "\n".join([heading, "", *(f"{number}. {text}" for number, text in numbered_statements)]) + "\n"


def _escaped(mark: re.Match[str]) -> str:
    return "\\" + mark[1]
