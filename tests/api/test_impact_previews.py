"""Impact previews over HTTP on both databases, computed by a real process beside the server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from app.domain.access import Role
from tests.api.test_holds import hold
from tests.shop import Shop, create_program, open_shop
from tests.time_limits import eventually

PREVIEW = """mutation($input: PreviewTermsImpactInput!) { previewTermsImpact(input: $input) {
    preview { id state days } userErrors { code path } } }"""
CANCEL = """mutation($input: CancelImpactPreviewInput!) { cancelImpactPreview(input: $input) {
    preview { id state } userErrors { code } } }"""
READ = """query($id: ID!) { impactPreview(id: $id) { state progress { done total } result {
    members purchases redemptions gainers losers unchanged pointsGained pointsLost liabilityBefore liabilityAfter
    mostGaining { difference } mostLosing { difference redemptionsLost customer { id } }
    rewards { key name noLongerAffordable membersBefore membersAfter redemptionsLost } } } node(id: $id) { id } }"""


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with open_shop(database_url) as opened:
        yield opened


def clauses(coffee: int) -> list[Any]:
    """A point a pound, and a coffee."""
    return [
        {"key": "points-per-spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": coffee}}},
    ]


def request_preview(shop: Shop, *, coffee: int = 120, key: str | None = None, **more: Any) -> Any:
    """Requests a preview."""
    input = {"idempotencyKey": key or uuid.uuid4().hex, "clauses": clauses(coffee), **more}
    return shop.execute(PREVIEW, role=Role.OWNER, input=input)["previewTermsImpact"]


def read_preview(shop: Shop, id: str) -> Any:
    """The current state of a preview."""
    return shop.execute(READ, role=Role.OWNER, id=id)["impactPreview"]


def ended_preview(shop: Shop, id: str) -> Any:
    """The preview once it has ended."""
    return eventually(
        lambda: first if (first := read_preview(shop, id))["state"] not in ("QUEUED", "RUNNING") else None
    )


def test_preview_replays_the_draft_on_real_purchases(shop: Shop) -> None:
    rich, poor, returned = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(rich, "300.00")
    shop.redeem(rich)
    shop.buy(poor, "110.00")
    shop.redeem(poor)
    shop.buy(returned, "115.00", receipt="r-1")
    shop.refund("r-1")
    asked = request_preview(shop, key="again")
    assert asked["userErrors"] == []
    found = ended_preview(shop, asked["preview"]["id"])
    assert found["state"] == "DONE"
    assert found["progress"] == {"done": 3, "total": 3}
    result = found["result"]
    assert (result["members"], result["purchases"], result["redemptions"]) == (3, 3, 2)
    assert (result["gainers"], result["losers"], result["unchanged"]) == (0, 2, 1)
    assert (result["pointsGained"], result["pointsLost"]) == ("0", "20")
    assert (result["liabilityBefore"], result["liabilityAfter"]) == ("210", "290")
    assert [(value["difference"], value["redemptionsLost"]) for value in result["mostLosing"]] == [(-20, 0), (0, 1)]
    assert all(value["customer"]["id"] for value in result["mostLosing"])
    coffee, mug = result["rewards"]
    assert (coffee["key"], coffee["redemptionsLost"], coffee["membersBefore"], coffee["membersAfter"]) == (
        "coffee",
        1,
        1,
        1,
    )
    assert (mug["key"], mug["membersBefore"]) == ("mug", 0)
    assert request_preview(shop, key="again") == asked | {"preview": {**asked["preview"], "state": "DONE"}}
    same = ended_preview(shop, request_preview(shop, coffee=100)["preview"]["id"])["result"]
    assert (same["gainers"], same["losers"], same["liabilityBefore"]) == (0, 0, same["liabilityAfter"])


def test_preview_counts_existing_holds(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "115.00", occurredAt=(datetime.now(UTC) - timedelta(days=40)).isoformat())
    assert hold(shop, card, "c-1", reward={"key": "coffee"})["decision"]["outcome"] == "GRANTED"
    result = ended_preview(shop, request_preview(shop, days=30)["preview"]["id"])["result"]
    assert (result["purchases"], result["redemptions"], result["losers"]) == (0, 1, 1)
    assert (result["liabilityBefore"], result["liabilityAfter"]) == ("15", "115")
    assert result["rewards"][0]["redemptionsLost"] == 1


def test_only_the_owner_requests_and_reads_previews(shop: Shop, database_url: str) -> None:
    id = request_preview(shop)["preview"]["id"]
    refused = shop.send(PREVIEW, role=Role.STAFF, input={"idempotencyKey": "x", "clauses": clauses(120)}).json()
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    refused = shop.send(READ, role=Role.STAFF, id=id).json()
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert refused["data"]["node"] is None
    with open_shop(database_url, program=create_program(database_url)) as other:
        data = other.execute(READ, role=Role.OWNER, id=id)
        assert data == {"impactPreview": None, "node": None}
        (error,) = other.execute(CANCEL, role=Role.OWNER, input={"idempotencyKey": "c", "preview": id})[
            "cancelImpactPreview"
        ]["userErrors"]
        assert error["code"] == "PREVIEW_NOT_FOUND"
    ended_preview(shop, id)


def test_invalid_preview_is_rejected_with_its_path(shop: Shop) -> None:
    assert request_preview(shop, days=0)["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "days"]}]
    assert request_preview(shop, days=731)["userErrors"][0]["code"] == "INVALID_INPUT"
    unenforced = [*clauses(100), {"key": "quotes", "effect": {"quoteValidity": {"minutes": 5}}}]
    (error,) = request_preview(shop, clauses=unenforced)["userErrors"]
    assert error == {"code": "NOT_ENFORCED_YET", "path": ["input", "clauses", "2", "effect"]}
    ids = [request_preview(shop)["preview"]["id"] for _ in range(3)]
    # The first may have ended meanwhile; of many more, one is too many.
    more = [request_preview(shop) for _ in range(5)]
    assert "TOO_MANY_PREVIEWS" in {error["code"] for value in more for error in value["userErrors"]}
    for id_ in [*ids, *(item["preview"]["id"] for item in more if item["preview"])]:
        shop.execute(CANCEL, role=Role.OWNER, input={"idempotencyKey": id_, "preview": id_})
        ended_preview(shop, id_)


def test_queued_preview_can_be_cancelled_and_a_dead_process_fails_its_preview(shop: Shop) -> None:
    def child(id: str) -> psutil.Process | None:
        return next(
            (process for process in psutil.Process().children(recursive=True) if _key(id) in process.cmdline()), None
        )

    first, second = (request_preview(shop)["preview"]["id"] for _ in range(2))
    payload = shop.execute(CANCEL, role=Role.OWNER, input={"idempotencyKey": "c", "preview": second})[
        "cancelImpactPreview"
    ]
    assert payload["preview"]["state"] == "CANCELLED"
    process = eventually(lambda: child(first))
    process.kill()
    assert ended_preview(shop, first)["state"] == "FAILED"
    assert read_preview(shop, second)["result"] is None
    again = shop.execute(CANCEL, role=Role.OWNER, input={"idempotencyKey": "d", "preview": first})[
        "cancelImpactPreview"
    ]
    assert again["preview"]["state"] == "FAILED", "what has ended stays as it ended"
    third = request_preview(shop)["preview"]["id"]
    assert ended_preview(shop, third)["state"] == "DONE", "the queue goes on"


def test_preview_process_ends_with_its_server_and_the_next_one_restarts_it(database_url: str) -> None:
    program = create_program(database_url)
    with open_shop(database_url, program=program) as shop:
        id = request_preview(shop)["preview"]["id"]
        mine = psutil.Process()
        eventually(
            lambda: next((process for process in mine.children(recursive=True) if _key(id) in process.cmdline()), None)
        )
    assert not [process for process in mine.children(recursive=True) if _key(id) in process.cmdline()]
    with open_shop(database_url, program=program) as shop:
        assert ended_preview(shop, id)["state"] == "DONE"


def _key(id: str) -> str:
    from app.api.conventions.ids import decode

    key = decode(id, "ImpactPreview")
    assert key is not None
    return key
