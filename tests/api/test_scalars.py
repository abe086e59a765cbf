"""The scalars, in documents and in variables."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from graphql import execute_sync, parse, print_type
from hypothesis import given
from hypothesis import strategies as st

from app.api.conventions.scalars import (
    SCALARS,
    parse_date_time,
    parse_decimal,
    serialize_big_int,
    serialize_date,
    serialize_date_time,
    serialize_decimal,
    serialize_time,
)
from app.graphql_server.schema.core_schema import core_schema
from tests.api.minimal_schema import Edge, code, schema

CORE = core_schema(schema)
TYPES = {"moment": "DateTime", "day": "Date", "hour": "Time", "decimal": "Decimal", "currency": "CurrencyCode", "locale": "Locale", "big": "BigInt"}  # fmt: skip


def echoed(field: str, value: Any) -> Any:
    """The returned value of a variable; None when it is refused."""
    document = parse(f"query($v: {TYPES[field]}!) {{ {field}(of: $v) }}")
    result = execute_sync(CORE, document, variable_values={"v": value})
    return result.data[field] if result.data else None


@pytest.mark.parametrize(
    ("field", "sent", "answered"),
    [
        ("moment", "2026-03-14T15:09:26Z", "2026-03-14T15:09:26Z"),
        ("moment", "2026-03-14T16:09:26.5+01:00", "2026-03-14T15:09:26.500000Z"),
        ("moment", "2026-03-14t15:09:26.123456789z", "2026-03-14T15:09:26.123456Z"),
        ("moment", "2026-01-01T00:30:00+14:00", "2025-12-31T10:30:00Z"),
        ("day", "2024-02-29", "2024-02-29"),
        ("hour", "09:30", "09:30"),
        ("hour", "09:30:00", "09:30"),
        ("hour", "23:59:59", "23:59:59"),
        ("decimal", "12.50", "12.50"),
        ("decimal", "-0.00", "0.00"),
        ("decimal", "1e3", "1000"),
        ("decimal", "1.5E-2", "0.015"),
        ("decimal", "9" * 30, "9" * 30),
        ("currency", "EUR", "EUR"),
        ("locale", "zh-Hant-TW", "zh-Hant-TW"),
        ("big", "9223372036854775807", "9223372036854775807"),
        ("big", "-9223372036854775808", "-9223372036854775808"),
    ],
)
def test_scalar_value_is_returned_in_its_normal_form(field: str, sent: str, answered: str) -> None:
    assert echoed(field, sent) == answered


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("moment", "2026-03-14T15:09:26"),
        ("moment", "2026-03-14"),
        ("moment", "2026-03-14 15:09:26Z"),
        ("moment", "2026-03-14T15:09Z"),
        ("moment", "2026-02-30T00:00:00Z"),
        ("moment", "2026-03-14T24:00:00Z"),
        ("moment", "2026-03-14T15:09:60Z"),
        ("moment", "2026-03-14T15:09:26+25:00"),
        ("moment", "1899-12-31T23:59:59Z"),
        ("moment", "9999-12-31T23:59:59-12:00"),
        ("moment", "٢٠٢٦-03-14T15:09:26Z"),
        ("moment", 1773500966),
        ("day", "2026-02-29"),
        ("day", "20260314"),
        ("day", "2026-W11-6"),
        ("day", "0001-01-01"),
        ("hour", "24:00"),
        ("hour", "9:30"),
        ("hour", "09:30:15.5"),
        ("hour", "09:30Z"),
        ("decimal", 12.5),
        ("decimal", 12),
        ("decimal", True),
        ("decimal", "NaN"),
        ("decimal", "Infinity"),
        ("decimal", "1E+999999"),
        ("decimal", "1E-999999"),
        ("decimal", "1" * 31),
        ("decimal", "0." + "1" * 30),
        ("decimal", "1,5"),
        ("decimal", "1_000"),
        ("decimal", " 1"),
        ("decimal", "1\n"),
        ("decimal", ""),
        ("decimal", "١"),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("currency", "XXX"),
        ("currency", "ABC"),
        ("locale", ""),
        ("locale", "e"),
        ("locale", "de_AT"),
        ("locale", "de-" + "a-" * 20 + "b"),
        ("locale", "de\n"),
        ("big", "9223372036854775808"),
        ("big", "1" * 5000),
        ("big", 1),
        ("big", "1.0"),
        ("big", "+1"),
    ],
)
async def test_invalid_value_is_rejected_without_repeating_it(field: str, sent: Any) -> None:
    payload = await Edge().execute(f"query($v: {TYPES[field]}!) {{ {field}(of: $v) }}", variables={"v": sent})
    assert code(payload) == "BAD_USER_INPUT"
    assert "1" * 31 not in payload.text


@pytest.mark.parametrize("literal", ["12.5", "12", "1e3", "true", "[]", "{}", "EUR"])
async def test_number_literal_is_no_decimal(literal: str) -> None:
    assert code(await Edge().execute(f"{{ decimal(of: {literal}) }}")) == "GRAPHQL_VALIDATION_FAILED"


async def test_rejection_names_the_expected_format() -> None:
    payload = await Edge().execute("query($v: DateTime!) { moment(of: $v) }", variables={"v": "2026-03-14T15:09:26"})
    assert payload.json()["errors"][0]["message"] == (
        "Variable '$v' has invalid value: Expected a date and time with its offset "
        "such as 2026-03-14T15:09:26Z or 2026-03-14T16:09:26+01:00."
    )


@given(st.datetimes(datetime(1901, 1, 1), datetime(2999, 12, 30), timezones=st.timezones()))
def test_instant_survives_serialisation(instant: datetime) -> None:
    back = parse_date_time(serialize_date_time(instant))
    assert back == instant.astimezone(UTC)
    assert back.tzinfo is UTC


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_decimal_survives_serialisation(number: Decimal) -> None:
    assert parse_decimal(serialize_decimal(number)) == number


@pytest.mark.parametrize(
    ("show", "value"),
    [
        (serialize_date_time, datetime(2026, 3, 14)),
        (serialize_date, datetime(2026, 3, 14, tzinfo=UTC)),
        (serialize_time, time(1, tzinfo=UTC)),
        (serialize_decimal, 1.5),
        (serialize_decimal, Decimal("NaN")),
        (serialize_big_int, True),
    ],
)
def test_value_of_another_type_is_never_serialised(show: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        show(value)


def test_every_scalar_has_a_description_and_a_specification() -> None:
    for definition in SCALARS.values():
        printed = print_type(CORE.type_map[definition.name])
        assert printed.startswith('"""')
        assert '@specifiedBy(url: "https://' in printed
