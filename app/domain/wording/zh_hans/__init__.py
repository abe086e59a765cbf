"""Simplified Chinese."""

from collections.abc import Mapping

from app.domain.wording.zh_hans import answers, rules

MESSAGES: Mapping[str, str | Mapping[str, str | Mapping[str, str]]] = {**rules.MESSAGES, **answers.MESSAGES}
