"""English."""

from collections.abc import Mapping

from app.domain.wording.en import answers, rules

MESSAGES: Mapping[str, str | Mapping[str, str | Mapping[str, str]]] = {**rules.MESSAGES, **answers.MESSAGES}
