"""Every id argument of the API, sent by a caller whom the object does not belong to: the object is unknown. On both
databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, build_schema, get_named_type

from app.api.conventions.ids import encode
from app.domain.access import Role
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.api.test_access import customer_key
from tests.shop import Shop, create_program, open_shop, real_now
from tests.store.expected_schema import TABLES
from tests.verification import discrepancies_in

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8"))
BASKET = '{ lines: [{ sku: "a", quantity: "1", unitPrice: "5.00" }] }'


@dataclass(frozen=True)
class IdField:
    """A field that takes the id of a kind of object: the document and the response for an unknown id. `refused` is the
    code if the response is an error.

    `refused` is the code of an argument that is not taken: then the answer is an error.
    """

    kind: str
    document: str
    answer: Any
    refused: str | None = None

    def is_unknown(self, status: int, body: dict[str, Any]) -> bool:
        """Whether the response says that there is no such object."""
        if self.refused is None:
            return (status, body) == (200, {"data": self.answer})
        message_matches = [error["message"].startswith(self.refused) for error in body.get("errors", [])]
        return (status, body["data"], message_matches) == (200, self.answer, [True])


def query(kind: str, field: str, arguments: str, selection: str = "{ __typename }", *, answer: Any = None) -> IdField:
    """A query by one id, with its response for an unknown id."""
    return IdField(kind, f"query($id: ID!) {{ {field}({arguments}) {selection} }}", {field: answer})


def mutation(kind: str, field: str, arguments: str, code: str, *path: str, decided: bool = True) -> IdField:
    """A mutation by one id, with its refusal."""
    chosen = "decision { outcome } " if decided else ""
    document = (
        f"mutation($id: ID!, $once: String!) {{ {field}(input: {{ idempotencyKey: $once, {arguments} }})"
        f" {{ {chosen}userErrors {{ code path }} }} }}"
    )
    refusal = {"userErrors": [{"code": code, "path": ["input", *path]}]}
    return IdField(kind, document, {field: {"decision": None, **refusal} if decided else refusal})


def exchanging(kind: str, who: str, bought: str, code: str, *path: str, back: str = 'externalId: "R-9"') -> IdField:
    """An exchange of another customer's purchase, with its refusal."""
    arguments = f'{who} refund: {{ purchase: {{ {back} }} }}, purchase: {{ {bought} externalId: "other", {BASKET[2:]}'
    return mutation(kind, "recordExchange", arguments, code, *path)


PURCHASE = f'purchase: {{ externalId: "stolen", {BASKET[2:]}'
IN_BASKET = "basket: { locationId: $id, lines: [] }"
AT_A_LOCATION = 'receipt: { externalId: "R-HARBOUR", locationId: $id }'
FOR_A_WHILE = 'checkout: "stolen", minutes: 5'
NODES = [
    "Location",
    "Customer",
    "Purchase",
    "LedgerEntry",
    "Redemption",
    "Reward",
    "Program",
    "ImpactPreview",
    "QuarantinedReceipt",
    "AccessKey",
]
ASKED: dict[str, list[IdField]] = {
    "basketCheck.basket.locationId": [
        replace(
            query("Location", "basketCheck", f'customer: {{ card: "THEIRS99" }}, {IN_BASKET}'),
            refused="LOCATION_NOT_FOUND",
        )
    ],
    "rewards.basket.locationId": [replace(query("Location", "rewards", IN_BASKET), refused="LOCATION_NOT_FOUND")],
    "recordPurchase.input.purchase.locationId": [
        mutation(
            "Location",
            "recordPurchase",
            f'customer: {{ card: "THEIRS99" }}, purchase: {{ locationId: $id, externalId: "there", {BASKET[2:]}',
            "LOCATION_NOT_FOUND",
            "purchase",
            "locationId",
        )
    ],
    "recordPurchase.input.purchase.payments.redemptionId": [
        mutation(
            "Redemption",
            "recordPurchase",
            'customer: { card: "THEIRS99" }, purchase: { externalId: "paid", lines: [{ sku: "x", quantity: "1",'
            ' unitPrice: "9.00" }], payments: [{ kind: POINTS, amount: "1.00", redemptionId: $id }] }',
            "REDEMPTION_NOT_FOUND",
            "purchase",
            "payments",
        )
    ],
    "amendPurchase.input.purchase.locationId": [
        mutation(
            "Location",
            "amendPurchase",
            f'reason: "x", purchase: {{ locationId: $id, externalId: "R-9", {BASKET[2:]}',
            "LOCATION_NOT_FOUND",
            "purchase",
            "locationId",
        )
    ],
    "amendPurchase.input.purchase.payments.redemptionId": [
        mutation(
            "Redemption",
            "amendPurchase",
            'reason: "x", purchase: { externalId: "R-9", lines: [{ sku: "x", quantity: "1", unitPrice: "9.00" }],'
            ' payments: [{ kind: POINTS, amount: "1.00", redemptionId: $id }] }',
            "REDEMPTION_NOT_FOUND",
            "purchase",
            "payments",
        )
    ],
    "movePurchase.input.purchase.id": [
        mutation(
            "Purchase",
            "movePurchase",
            'reason: "x", customer: { card: "THEIRS99" }, purchase: { id: $id }',
            "PURCHASE_NOT_FOUND",
            "purchase",
        )
    ],
    "movePurchase.input.purchase.receipt.locationId": [
        mutation(
            "Location",
            "movePurchase",
            f'reason: "x", customer: {{ card: "THEIRS99" }}, purchase: {{ {AT_A_LOCATION} }}',
            "PURCHASE_NOT_FOUND",
            "purchase",
        )
    ],
    "refundPreview.purchase.receipt.locationId": [
        replace(query("Location", "refundPreview", f"purchase: {{ {AT_A_LOCATION} }}"), refused="PURCHASE_NOT_FOUND")
    ],
    "recordRefund.input.purchase.receipt.locationId": [
        mutation(
            "Location",
            "recordRefund",
            f"purchase: {{ {AT_A_LOCATION} }}",
            "LOCATION_NOT_FOUND",
            "purchase",
            "receipt",
            "locationId",
        )
    ],
    "recordExchange.input.refund.purchase.receipt.locationId": [
        exchanging(
            "Location",
            "",
            "",
            "LOCATION_NOT_FOUND",
            "refund",
            "purchase",
            "receipt",
            "locationId",
            back=AT_A_LOCATION,
        )
    ],
    "movePurchase.input.customer.id": [
        mutation(
            "Customer",
            "movePurchase",
            'reason: "x", purchase: { externalId: "R-9" }, customer: { id: $id }',
            "CUSTOMER_NOT_FOUND",
            "customer",
        )
    ],
    "refundPreview.purchase.id": [
        replace(query("Purchase", "refundPreview", "purchase: { id: $id }"), refused="PURCHASE_NOT_FOUND")
    ],
    "redeemReward.input.basket.locationId": [
        mutation(
            "Location",
            "redeemReward",
            f'customer: {{ card: "THEIRS99" }}, reward: {{ key: "coffee" }}, {IN_BASKET}',
            "LOCATION_NOT_FOUND",
            "basket",
            "locationId",
        )
    ],
    "customer.by.id": [query("Customer", "customer", "by: { id: $id }")],
    "basketCheck.customer.id": [query("Customer", "basketCheck", f"customer: {{ id: $id }}, basket: {BASKET}")],
    "rewards.for.id": [query("Customer", "rewards", "for: { id: $id }")],
    "impactPreview.id": [query("ImpactPreview", "impactPreview", "id: $id")],
    "explain.entry": [query("LedgerEntry", "explain", "entry: $id")],
    "node.id": [query(kind, "node", "id: $id") for kind in NODES],
    "nodes.ids": [query(kind, "nodes", "ids: [$id, $id]", answer=[None, None]) for kind in NODES],
    "recordPurchase.input.customer.id": [
        mutation("Customer", "recordPurchase", f"customer: {{ id: $id }}, {PURCHASE}", "CUSTOMER_NOT_FOUND", "customer")
    ],
    "recordRefund.input.purchase.id": [
        mutation("Purchase", "recordRefund", "purchase: { id: $id }", "PURCHASE_NOT_FOUND", "purchase")
    ],
    "recordExchange.input.customer.id": [
        exchanging("Customer", "customer: { id: $id }", "", "CUSTOMER_NOT_FOUND", "customer")
    ],
    "recordExchange.input.refund.purchase.id": [
        exchanging("Purchase", "", "", "PURCHASE_NOT_FOUND", "refund", "purchase", back="id: $id")
    ],
    "recordExchange.input.purchase.locationId": [
        exchanging("Location", "", "locationId: $id", "LOCATION_NOT_FOUND", "purchase", "locationId")
    ],
    "recordExchange.input.purchase.payments.redemptionId": [
        exchanging(
            "Redemption",
            "",
            'payments: [{ kind: POINTS, amount: "1.00", redemptionId: $id }]',
            "REDEMPTION_NOT_FOUND",
            "purchase",
            "payments",
        )
    ],
    "redeemReward.input.customer.id": [
        mutation(
            "Customer",
            "redeemReward",
            'customer: { id: $id }, reward: { key: "coffee" }',
            "CUSTOMER_NOT_FOUND",
            "customer",
        )
    ],
    "redeemReward.input.reward.id": [
        mutation(
            "Reward",
            "redeemReward",
            'customer: { card: "THEIRS99" }, reward: { id: $id }',
            "REWARD_NOT_FOUND",
            "reward",
        )
    ],
    "holdRedemption.input.customer.id": [
        mutation(
            "Customer",
            "holdRedemption",
            f'customer: {{ id: $id }}, reward: {{ key: "coffee" }}, {FOR_A_WHILE}',
            "CUSTOMER_NOT_FOUND",
            "customer",
        )
    ],
    "holdRedemption.input.reward.id": [
        mutation(
            "Reward",
            "holdRedemption",
            f'customer: {{ card: "THEIRS99" }}, reward: {{ id: $id }}, {FOR_A_WHILE}',
            "REWARD_NOT_FOUND",
            "reward",
        )
    ],
    "holdRedemption.input.basket.locationId": [
        mutation(
            "Location",
            "holdRedemption",
            f'customer: {{ card: "THEIRS99" }}, reward: {{ key: "coffee" }}, {FOR_A_WHILE}, {IN_BASKET}',
            "LOCATION_NOT_FOUND",
            "basket",
            "locationId",
        )
    ],
    "captureRedemption.input.hold.id": [
        mutation("Redemption", "captureRedemption", "hold: { id: $id }", "HOLD_NOT_FOUND", "hold")
    ],
    "releaseRedemption.input.hold.id": [
        mutation("Redemption", "releaseRedemption", "hold: { id: $id }", "HOLD_NOT_FOUND", "hold", decided=False)
    ],
    "cancelRedemption.input.redemption": [
        mutation("Redemption", "cancelRedemption", 'redemption: $id, reason: "x"', "REDEMPTION_NOT_FOUND", "redemption")
    ],
    "adjustPoints.input.customer.id": [
        mutation(
            "Customer",
            "adjustPoints",
            'customer: { id: $id }, points: 5, reason: "x"',
            "CUSTOMER_NOT_FOUND",
            "customer",
            decided=False,
        )
    ],
    **{
        f"{field}.input.{side}.id": [
            mutation(
                "Customer",
                field,
                f'{side}: {{ id: $id }}, {other}: {{ card: "THEIRS99" }}, {more}reason: "r"',
                "CUSTOMER_NOT_FOUND",
                side,
                decided=False,
            )
        ]
        for field, side, other, more in (
            ("transferPoints", "from", "to", "points: 1, "),
            ("transferPoints", "to", "from", "points: 1, "),
            ("mergeCustomers", "merged", "survivor", ""),
            ("mergeCustomers", "survivor", "merged", ""),
            ("joinHousehold", "customer", "household", ""),
            ("joinHousehold", "household", "customer", ""),
        )
    },
    "updateCustomer.input.customer.id": [
        mutation(
            "Customer",
            "updateCustomer",
            'customer: { id: $id }, preferences: [{ kind: DIET, value: "vegan" }]',
            "CUSTOMER_NOT_FOUND",
            "customer",
            decided=False,
        )
    ],
    "deliverExpiryNotices.input.customer.id": [
        mutation(
            "Customer",
            "deliverExpiryNotices",
            "customer: { id: $id }, channel: INBOX",
            "CUSTOMER_NOT_FOUND",
            "customer",
            decided=False,
        )
    ],
    "settleQuarantined.input.quarantined": [
        mutation(
            kind,
            "settleQuarantined",
            'quarantined: $id, action: DISMISS, reason: "x"',
            "QUARANTINED_NOT_FOUND",
            "quarantined",
        )
        for kind in ("QuarantinedReceipt", "PendingRefund")
    ],
    "createAccessKey.input.customer.id": [
        mutation(
            "Customer",
            "createAccessKey",
            "role: STAFF, customer: { id: $id }",
            "CUSTOMER_NOT_FOUND",
            "customer",
            decided=False,
        )
    ],
    **{
        f"{field}.input.accessKey": [
            mutation("AccessKey", field, "accessKey: $id", "ACCESS_KEY_NOT_FOUND", "accessKey", decided=False)
        ]
        for field in ("rotateAccessKey", "revokeAccessKey")
    },
    "fulfilRedemption.input.redemption": [
        mutation("Redemption", "fulfilRedemption", "redemption: $id", "REDEMPTION_NOT_FOUND", "redemption")
    ],
    "cancelImpactPreview.input.preview": [
        mutation("ImpactPreview", "cancelImpactPreview", "preview: $id", "PREVIEW_NOT_FOUND", "preview", decided=False)
    ],
}
"""Every place where the schema takes an id."""
CASES = [(place, case) for place, asked in ASKED.items() for case in asked]
BY_A_CUSTOMER = [
    (place, asked)
    for place, asked in CASES
    if (
        asked.document.startswith("query")
        and asked.kind not in ("Location", "Reward", "Program", "ImpactPreview", "AccessKey")
        and not place.startswith("refundPreview")
    )
    or place
    in (
        "updateCustomer.input.customer.id",
        "deliverExpiryNotices.input.customer.id",
        "cancelRedemption.input.redemption",
    )
]


def _id_arguments() -> set[str]:
    """Every argument of the schema that takes an id."""
    found: set[str] = set()

    def walk(type_: Any, place: str, above: frozenset[str]) -> None:
        named = get_named_type(type_)
        if named.name == "ID":
            found.add(place)
        if isinstance(named, GraphQLInputObjectType) and named.name not in above:
            for name, value in named.fields.items():
                walk(value.type, f"{place}.{name}", above | {named.name})

    for root in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            for argument, value in field.args.items():
                walk(value.type, f"{name}.{argument}", frozenset())
    return found


def test_every_id_argument_of_the_schema_is_tested() -> None:
    assert set(ASKED) == _id_arguments()


def all_rows(shop: Shop) -> dict[str, list[str]]:
    """Every row of every table as text."""

    async def work(session: Session) -> dict[str, list[str]]:
        found = {}
        # When a key was last used is written at times of its own.
        for table in TABLES.keys() - {"access_key_uses"}:
            rows = await session.rows(f"SELECT * FROM {table}")
            found[table] = sorted(str([str(row[name]) for name in row.keys()]) for row in rows)  # noqa: SIM118 - a row iterates over its values
        return found

    async def run() -> dict[str, list[str]]:
        database = open_database(shop.url)
        await database.start()
        try:
            return await database.read_across_programs(work)
        finally:
            await database.stop()

    return asyncio.run(run())


@dataclass
class TwoPrograms:
    """A program with one object of every kind, and another program whose users try to reach them."""

    ours: Shop
    theirs: Shop
    ids: dict[str, str]
    stranger: str
    """A key of another customer of our program."""


@pytest.fixture
def two(database_url: str) -> Iterator[TwoPrograms]:
    """Two programs behind one server."""
    other = create_program(database_url)
    with open_shop(database_url) as ours:
        theirs = Shop(address=ours.address, program=other, client=ours.client, url=database_url)
        card = ours.enrol("OURS9999")
        bought, redeemed = ours.buy(card, "300.00", receipt="R-1"), ours.redeem(card)
        theirs.enrol("THEIRS99")
        theirs.buy("THEIRS99", "300.00", receipt="R-9")
        stranger = customer_key(database_url, ours, ours.enrol("STRANGER"))
        asked = ours.execute(
            '{ program { id } customer(by: { card: "OURS9999" }) { id } rewards { nodes { reward { id key } } } }'
        )
        preview = ours.execute(
            """mutation { previewTermsImpact(input: { idempotencyKey: "p", days: 1, clauses: [
                { key: "a", effect: { pointsPerVisit: { points: 1 } } }] }) { preview { id } } }""",
            role=Role.OWNER,
        )
        late = (real_now() + timedelta(hours=1)).isoformat()
        data = ours.execute(
            f"""mutation {{ recordPurchase(input: {{ idempotencyKey: "q", customer: {{ card: "OURS9999" }}, purchase: {{
                externalId: "R-2", occurredAt: "{late}", {BASKET[2:]} }}) {{ quarantined {{ id }} }}
              recordRefund(input: {{ idempotencyKey: "w", purchase: {{ externalId: "R-3" }} }}) {{ pending {{ id }} }} }}"""
        )
        opened = ours.execute(
            """mutation { createLocation(input: { idempotencyKey: "l", key: "harbour", name: "Harbour", timeZone: "Europe/London" })
                { location { id } } }""",
            role=Role.OWNER,
        )
        ours.buy(card, "5.00", receipt="R-HARBOUR", locationId=opened["createLocation"]["location"]["id"])
        yield TwoPrograms(
            ours=ours,
            theirs=theirs,
            stranger=stranger,
            ids={
                "Program": asked["program"]["id"],
                "Location": opened["createLocation"]["location"]["id"],
                "Customer": asked["customer"]["id"],
                "Reward": next(
                    node["reward"]["id"] for node in asked["rewards"]["nodes"] if node["reward"]["key"] == "coffee"
                ),
                "Purchase": bought["purchase"]["id"],
                "LedgerEntry": bought["entry"]["id"],
                "Redemption": redeemed["redemption"]["id"],
                "ImpactPreview": preview["previewTermsImpact"]["preview"]["id"],
                "QuarantinedReceipt": data["recordPurchase"]["quarantined"]["id"],
                "PendingRefund": data["recordRefund"]["pending"]["id"],
                "AccessKey": encode("AccessKey", ours.program.keys[1].key.id),
            },
        )


def response_to(shop: Shop, asked: IdField, id: str, **by: Any) -> Any:
    """The whole response."""
    variables = {"id": id} | ({"once": uuid.uuid4().hex} if asked.document.startswith("mutation") else {})
    response = shop.send(asked.document, **by, **variables)
    return response.status_code, {name: part for name, part in response.json().items() if name != "extensions"}


def wait_for_preview(shop: Shop, preview: str) -> None:
    """Waits until the preview has ended, so that only the test writes."""
    from tests.api.test_impact_previews import READ
    from tests.time_limits import eventually

    def ended() -> Any:
        impact_preview = shop.execute(READ, role=Role.OWNER, id=preview)["impactPreview"]
        return impact_preview if impact_preview["state"] not in ("QUEUED", "RUNNING") else None

    eventually(ended)


def test_ids_of_another_program_are_unknown_and_nothing_is_written(two: TwoPrograms) -> None:
    wait_for_preview(two.ours, two.ids["ImpactPreview"])
    before = all_rows(two.ours)
    for place, asked in CASES:
        nothing = encode(asked.kind, str(uuid.uuid4()))
        assert asked.is_unknown(*response_to(two.theirs, asked, nothing, role=Role.OWNER)), place
        assert asked.is_unknown(*response_to(two.theirs, asked, two.ids[asked.kind], role=Role.OWNER)), place
        for role in (Role.STAFF, Role.TILL):
            seen = response_to(two.theirs, asked, two.ids[asked.kind], role=role)
            assert seen == response_to(two.theirs, asked, nothing, role=role), place
    assert all_rows(two.ours) == before
    assert discrepancies_in(two.ours.url) == []
    for place, asked in CASES:
        if asked.document.startswith("query"):
            own = response_to(two.ours, asked, two.ids[asked.kind], role=Role.OWNER)
            assert not asked.is_unknown(*own), f"{place} would find it where it belongs"


def test_ids_of_another_customer_are_unknown_to_a_customer(two: TwoPrograms) -> None:
    wait_for_preview(two.ours, two.ids["ImpactPreview"])
    before = all_rows(two.ours)
    for place, asked in BY_A_CUSTOMER:
        nothing = encode(asked.kind, str(uuid.uuid4()))
        assert asked.is_unknown(*response_to(two.ours, asked, nothing, key=two.stranger)), place
        assert asked.is_unknown(*response_to(two.ours, asked, two.ids[asked.kind], key=two.stranger)), place
    assert all_rows(two.ours) == before


def test_integration_reaches_no_customer_by_any_id(two: TwoPrograms) -> None:
    wait_for_preview(two.ours, two.ids["ImpactPreview"])
    key = integration_key(two.ours)
    before = all_rows(two.ours)
    public = ("Location", "Reward", "Program")
    for place, asked in CASES:
        status, body = response_to(two.ours, asked, two.ids[asked.kind], key=key)
        if place == "revokeAccessKey.input.accessKey":
            assert asked.is_unknown(status, body), "it is not a customer's key"
        elif asked.document.startswith("mutation") or "errors" in body:
            assert {error["extensions"]["code"] for error in body["errors"]} <= {"FORBIDDEN", "BAD_USER_INPUT"}, place
        elif asked.kind not in public:
            assert asked.is_unknown(status, body), place
    assert all_rows(two.ours) == before


def integration_key(shop: Shop) -> str:
    """A key of the role INTEGRATION."""
    query = "mutation($input: CreateAccessKeyInput!) { createAccessKey(input: $input) { token } }"
    given = {"idempotencyKey": "app", "role": "INTEGRATION", "label": "App"}
    token: str = shop.execute(query, role=Role.OWNER, input=given)["createAccessKey"]["token"]
    return token


def test_keys_and_numbers_of_another_program_are_unknown(two: TwoPrograms) -> None:
    ours, theirs = two.ours, two.theirs
    wait_for_preview(ours, two.ids["ImpactPreview"])
    published = ours.execute(
        """mutation { publishTerms(input: { idempotencyKey: "v2", clauses: [
            { key: "a", effect: { pointsPerVisit: { points: 5 } } }] }) { terms { id version } userErrors { code } } }""",
        role=Role.OWNER,
    )["publishTerms"]
    assert published["userErrors"] == []
    ours.execute(
        """mutation { createReward(input: { idempotencyKey: "t", key: "tea", name: "Tea", description: "A cup." })
            { userErrors { code } } }""",
        role=Role.OWNER,
    )
    before = all_rows(ours)
    assert theirs.execute("{ terms(version: 2) { id } }") == {"terms": None}
    assert theirs.execute("query($id: ID!) { node(id: $id) { id } }", id=published["terms"]["id"]) == {"node": None}
    withdrawn = theirs.execute(
        'mutation { withdrawTerms(input: { idempotencyKey: "w", version: 2 }) { userErrors { code } } }',
        role=Role.OWNER,
    )
    assert withdrawn["withdrawTerms"]["userErrors"] == [{"code": "NOT_WITHDRAWABLE"}]
    assert [error["code"] for error in theirs.redeem("OURS9999")["userErrors"]] == ["CUSTOMER_NOT_FOUND"]
    assert [error["code"] for error in theirs.redeem("THEIRS99", "tea")["userErrors"]] == ["REWARD_NOT_FOUND"]
    assert [error["code"] for error in theirs.buy("OURS9999", "5.00")["userErrors"]] == ["CUSTOMER_NOT_FOUND"]
    priced = theirs.execute(
        """mutation { publishTerms(input: { idempotencyKey: "x", clauses: [
            { key: "a", effect: { rewardCost: { reward: "tea", points: 5 } } }] }) { userErrors { code } } }""",
        role=Role.OWNER,
    )
    assert priced["publishTerms"]["userErrors"] == [{"code": "UNKNOWN_REWARD_IN_TERMS"}]
    assert all_rows(ours) == before
