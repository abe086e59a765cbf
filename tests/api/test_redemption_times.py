"""Times of redemptions: now by the server clock; a sandbox may record past ones. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in

AGE = """mutation { updateProgram(input: { idempotencyKey: "age", receiptAgeDays: 1000 }) { userErrors { code } } }"""
LATE = datetime(2090, 3, 6, 12, tzinfo=UTC)


@pytest.fixture(params=[ProgramKind.LIVE, ProgramKind.SANDBOX])
def shop(request: pytest.FixtureRequest, database_url: str) -> Iterator[Shop]:
    """A shop whose clock stands still, with a customer who has had points for two years."""
    with open_shop(database_url, clock=lambda: LATE, kind=request.param) as opened:
        # What a till may still send of long ago is the owner's to say.
        opened.execute(AGE, role=Role.OWNER)
        opened.enrol("CARD9999")
        opened.buy("CARD9999", "300.00", occurredAt=at(-60 * 24 * 730))
        yield opened


def at(minutes: float) -> str:
    """A number of minutes from now."""
    return (LATE + timedelta(minutes=minutes)).isoformat()


def redeem(shop: Shop, minutes: float) -> Any:
    """Redeem a coffee at a moment."""
    return shop.redeem("CARD9999", basket={"occurredAt": at(minutes), "lines": []})


SKEW = [("CLOCK_SKEW", ["input", "basket", "occurredAt"])]


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"]) for error in answer["userErrors"]]


@pytest.mark.parametrize("minutes", [5.001, 6, 60 * 24 * 365])
def test_redemption_in_the_future_is_rejected(shop: Shop, minutes: float) -> None:
    refused = redeem(shop, minutes)
    assert codes(refused) == SKEW
    assert (refused["decision"], refused["redemption"]) == (None, None)
    assert shop.ledger("CARD9999") == [("EARN", 300)]


@pytest.mark.parametrize("minutes", [-5.001, -30, -60 * 24 * 365])
def test_redemption_in_the_past_is_allowed_only_in_a_sandbox(shop: Shop, minutes: float) -> None:
    payload = redeem(shop, minutes)
    if shop.program.program.kind is ProgramKind.LIVE:
        assert codes(payload) == SKEW
        assert payload["decision"] is None
        assert shop.ledger("CARD9999") == [("EARN", 300)]
    else:
        assert payload["decision"]["outcome"] == "GRANTED"
        assert shop.ledger("CARD9999") == [("EARN", 300), ("REDEEM", -100)]
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_redemption_time_may_be_five_minutes_off(shop: Shop, minutes: float) -> None:
    assert redeem(shop, minutes)["decision"]["outcome"] == "GRANTED"
