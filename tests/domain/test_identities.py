"""Telephone numbers: one spelling each, and nothing of what was given is left out on the way."""

from __future__ import annotations

import pytest

from app.domain.identities import IdentityError, IdentityKind, normalised


def phone(text: str) -> str:
    """The one spelling of a number, in Germany unless it says otherwise."""
    return normalised(IdentityKind.PHONE, text, region="DE")


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 1234567",
        "030 1234567",
        "0049-30-1234567",
        "+49 (0)30 123 45 67",
        "(030) 123.4567",
        "tel:+49-30-1234567",
        "＋４９ 30 1234567",
        "030/1234567",
    ],
)
def test_a_number_has_one_spelling(text: str) -> None:
    assert phone(text) == "+49301234567"


@pytest.mark.parametrize(
    "more",
    [
        " ext. 5",
        " ext 5",
        " ext.5",
        " extension 12",
        "x5",
        " x 5",
        " #5",
        ";ext=5",
        ",5",
        ",,5",
        " int. 5",
        " доб. 5",
        "／x5",
        " / x5",
        "\\x5",
        ";isub=5",
        "*5",
        "~5",
        " oder 5",
        " foo",
    ],
)
def test_a_number_with_an_extension_is_refused_since_a_line_of_many_people_is_nobodys_own(more: str) -> None:
    with pytest.raises(IdentityError):
        phone("+49 30 1234567" + more)


@pytest.mark.parametrize("text", ["", " ", "call me", "+49", "1" * 30, "030 1234567 and 030 7654321"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(IdentityError):
        phone(text)
