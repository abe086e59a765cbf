"""Simplified Chinese."""

from collections.abc import Mapping

from app.domain.i18n.zh_hans import answers, decisions, details, pages, rules

MESSAGES: Mapping[str, str | Mapping[str, str | Mapping[str, str]]] = {
    **rules.MESSAGES,
    **decisions.MESSAGES,
    **answers.MESSAGES,
    **details.MESSAGES,
    **pages.MESSAGES,
}
