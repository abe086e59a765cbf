"""Telephone numbers, cards and ids: one normal form each, without losing visible characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.customers.identities import IdentityError, IdentityKind, normalised_identity


def phone(text: str) -> str:
    """The one spelling of a number, in Germany unless it says otherwise."""
    return normalised_identity(IdentityKind.PHONE, text, region="DE")


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
        "０３０１２３４５６７",
        "030\u22121234567",
        "\u202a+49 30 1234567\u202c",
        "\ufeff030\u200b123\u00ad4567\r\n",
    ],
)
def test_telephone_number_has_one_normal_form(text: str) -> None:
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
def test_telephone_number_with_an_extension_is_rejected(more: str) -> None:
    with pytest.raises(IdentityError):
        phone("+49 30 1234567" + more)


@pytest.mark.parametrize("text", ["", " ", "call me", "+49", "1" * 30, "030 1234567 and 030 7654321"])
def test_invalid_telephone_number_is_rejected(text: str) -> None:
    with pytest.raises(IdentityError):
        phone(text)


UPC = "070177137069"
"""A card with 12 digits as it is printed; its check digit is right."""


def card(text: str) -> str:
    """The one spelling of a card."""
    return normalised_identity(IdentityKind.CARD, text, region="DE")


@pytest.mark.parametrize(
    "text",
    [
        "0070177137069",
        "00070177137069",
        "70177137069",
        "０７０１７７１３７０６９",
        "٠٧٠١٧٧١٣٧٠٦٩",
        " 0701-7713 7069\r\n",
        "0701\u22127713\u20137069",
        "\ufeff070177137069\u200f",
        "0701\u00ad7713\u200b7069",
    ],
)
def test_card_number_is_the_same_from_any_scanner(text: str) -> None:
    assert card(text) == card(UPC) == UPC


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("070177137068", "70177137068"),  # no check digit: the zeros count
        ("0001", "1000"),
        ("00042", "0042"),
        ("0012345670", "12345670"),  # an EAN-8 has fewer than 11 digits
        ("000000070177137069", UPC),  # more than 14 digits
        ("A070177137069", "A70177137069"),
    ],
)
def test_other_cards_keep_their_zeros(text: str, other: str) -> None:
    assert card(text) == text
    assert card(text) != card(other)


@pytest.mark.parametrize("code", ["4006381333931", "15400141288763", "000000000000", "12345678901231"])
def test_code_without_leading_zeros_stays_as_printed(code: str) -> None:
    assert card(code) == code


@given(number=st.integers(10**9, 10**13 - 1), zeros=st.integers(0, 4))
def test_number_with_a_check_digit_ignores_leading_zeros(number: int, zeros: int) -> None:
    digits = str(number)
    # GS1 counts the digits before the check digit from the right: three times, once, three times, ...
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    code = f"{digits}{-total % 10}"
    filled = f"{'0' * zeros}{code}"
    if len(code) >= 11 and len(filled) <= 14:
        assert card(filled) == card(code) == card(code.zfill(14))
    wrong = f"{digits}{(1 - total) % 10}"
    assert card(wrong) == wrong


@pytest.mark.parametrize("kind", [IdentityKind.TOKEN, IdentityKind.EXTERNAL_ID])
def test_external_id_is_exact_apart_from_pasting_artefacts(kind: IdentityKind) -> None:
    for text in ("aB-01", " aB-01\r\n", "\u2066aB-01\u2069", "ａＢ－０１", "aB\u200b-01"):
        assert normalised_identity(kind, text, region="DE") == "aB-01"
    assert normalised_identity(kind, "ab-1", region="DE") != normalised_identity(kind, "aB-01", region="DE")


def test_email_ignores_full_width_and_invisible_characters() -> None:
    for text in ("Ann@Example.org", "ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ", "\u200bann@example.org\ufeff"):
        assert normalised_identity(IdentityKind.EMAIL, text, region="DE") == "ann@example.org"


@pytest.mark.parametrize("kind", IdentityKind)
@pytest.mark.parametrize("text", ["", " ", "\u200b", "\ufeff\r\n", "\u3164", "\u2800", "\u202e\u202c"])
def test_invisible_text_is_no_identity(kind: IdentityKind, text: str) -> None:
    with pytest.raises(IdentityError):
        normalised_identity(kind, text, region="DE")


@given(kind=st.sampled_from(IdentityKind), text=st.text(max_size=40))
def test_normal_form_of_an_identity_is_stable(kind: IdentityKind, text: str) -> None:
    try:
        value = normalised_identity(kind, text, region="DE")
    except IdentityError:
        return
    assert value
    assert normalised_identity(kind, value, region="DE") == value
    assert normalised_identity(kind, f"\u202a {text}\ufeff\n", region="DE") == value
