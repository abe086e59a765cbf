"""German."""

from collections.abc import Mapping

from app.domain.i18n.de import answers, decisions, pages, rules

MESSAGES: Mapping[str, str | Mapping[str, str | Mapping[str, str]]] = {
    **rules.MESSAGES,
    **decisions.MESSAGES,
    **answers.MESSAGES,
    **pages.MESSAGES,
}
