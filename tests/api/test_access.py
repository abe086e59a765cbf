"""Permissions of keys and roles, and the separation of programs, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.domain.access import Role
from app.domain.programs.key_tokens import format_token, parse_token
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.access_keys import issue_key
from tests.shop import BUY, ENROL, REDEEM, REFUND, Shop, create_program, new_id, open_shop, real_now

PUBLISH = (
    """mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code } } }"""
)
REWARD = (
    """mutation($input: CreateRewardInput!) { createReward(input: $input) { reward { key } userErrors { code } } }"""
)


@pytest.fixture
def two_shops(database_url: str) -> Iterator[tuple[Shop, Shop]]:
    """Two programs in one database, behind one server."""
    other = create_program(database_url)
    with open_shop(database_url) as shop:
        yield shop, Shop(address=shop.address, program=other, client=shop.client)


def customer_key(url: str, shop: Shop, card: str) -> str:
    """A key of the role CUSTOMER for the holder of a card."""

    async def run() -> str:
        from app.domain.customers.customer import CustomerReference
        from app.domain.customers.identities import IdentityKind
        from app.queries.customers.customers import customer_as_of as card_of

        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        by = CustomerReference(card, IdentityKind.CARD)
        row = await application.query(card_of, program_id=shop.program.program.id, by=by, at=real_now())
        assert row is not None
        new = await issue_key(
            application, program_id=shop.program.program.id, role=Role.CUSTOMER, label="own", customer_id=row.id
        )
        await database.stop()
        return new.token

    return asyncio.run(run())


def code_of(
    shop: Shop, query: str, *, role: Role | None = Role.TILL, key: str | None = None, **variables: object
) -> str:
    """The code of the first error."""
    code: str = shop.send(query, role=role, key=key, **variables).json()["errors"][0]["extensions"]["code"]
    return code


def test_without_a_key_only_introspection_is_answered(shop: Shop) -> None:
    for query in ("{ viewer { role } }", "{ program { name } }", "{ terms { version } }", '{ node(id: "x") { id } }'):
        assert code_of(shop, query, role=None) == "UNAUTHENTICATED"
    assert shop.execute("{ __typename }", role=None) == {"__typename": "Query"}


@pytest.mark.parametrize(
    "bend",
    [
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda _: "troth_owner_zz_x",
        lambda _: "nonsense",
        lambda key: key.replace("till", "owner")[:60],
    ],
)
def test_malformed_or_altered_key_is_rejected(shop: Shop, bend: object) -> None:
    key = bend(shop.program.token(Role.TILL))
    assert code_of(shop, "{ viewer { role } }", key=key) == "UNAUTHENTICATED"


def test_role_comes_from_the_stored_key_and_not_from_the_token(shop: Shop) -> None:
    sent = parse_token(shop.program.token(Role.TILL))
    assert sent is not None
    key = format_token(Role.OWNER, access_key_id=sent.access_key_id, secret=sent.secret)
    assert key.startswith("troth_owner_")
    assert shop.execute("{ viewer { role } }", key=key) == {"viewer": {"role": "TILL"}}


def test_each_role_may_do_what_it_needs_and_no_more(shop: Shop, database_url: str) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R")
    own = customer_key(database_url, shop, card)
    line = {"sku": "a", "quantity": "1", "unitPrice": "1.00"}
    mutations = {
        ENROL: {"idempotencyKey": "x1", "identities": [{"card": "NEWCARD1"}]},
        BUY: {"idempotencyKey": "x2", "customer": {"card": card}, "purchase": {"externalId": "x2", "lines": [line]}},
        REFUND: {"idempotencyKey": "x3", "purchase": {"externalId": "R"}},
        REWARD: {"idempotencyKey": "x5", "key": "k", "name": "n", "description": "d"},
        PUBLISH: {"idempotencyKey": "x6", "clauses": [{"key": "a", "effect": {"pointsPerVisit": {"points": 1}}}]},
    }
    for query, given in mutations.items():
        assert code_of(shop, query, key=own, input=given) == "FORBIDDEN"
    redeem = {"idempotencyKey": "x4", "customer": {"card": card}, "reward": {"key": "coffee"}}
    assert shop.execute(REDEEM, key=own, input=redeem)["redeemReward"]["decision"]["outcome"] == "REFUSED"
    for query in (REWARD, PUBLISH):
        for role in (Role.TILL, Role.STAFF):
            assert code_of(shop, query, role=role, input=mutations[query]) == "FORBIDDEN"
    assert shop.ledger(card) == [("EARN", 10)]


def test_customer_sees_only_their_own_card(shop: Shop, database_url: str) -> None:
    mine, other = shop.enrol(), shop.enrol()
    entry = shop.buy(mine, "5.00")["entry"]["id"]
    foreign = shop.buy(other, "5.00")
    own = customer_key(database_url, shop, mine)
    look = "query($by: CustomerBy!) { customer(by: $by) { identities { value } wallet { balances { available } } } }"
    assert shop.execute(look, key=own, by={"card": mine})["customer"]["identities"] == [{"value": mine}]
    assert shop.execute(look, key=own, by={"card": other}) == {"customer": None}
    assert shop.execute("{ viewer { role customer { wallet { balances { available } } } } }", key=own) == {
        "viewer": {"role": "CUSTOMER", "customer": {"wallet": {"balances": [{"available": 5}]}}}
    }
    explain = "query($e: ID!) { explain(entry: $e) { agrees } node(id: $e) { id } }"
    assert shop.execute(explain, key=own, e=entry) == {"explain": {"agrees": True}, "node": {"id": entry}}
    assert shop.execute(explain, key=own, e=foreign["entry"]["id"]) == {"explain": None, "node": None}
    assert shop.execute("query($i: ID!) { node(id: $i) { id } }", key=own, i=foreign["purchase"]["id"]) == {
        "node": None
    }
    offers = "query($by: CustomerBy!) { rewards(for: $by) { nodes { cost } } }"
    assert shop.execute(offers, key=own, by={"card": other}) == {"rewards": None}
    check = "query($c: CustomerBy!) { basketCheck(customer: $c, basket: { lines: [] }) { decision { outcome } } }"
    assert shop.execute(check, key=own, c={"card": other}) == {"basketCheck": None}


def test_till_sees_masked_identities_and_staff_full_ones(shop: Shop) -> None:
    card = shop.enrol("ABCD12345678")
    look = "query($by: CustomerBy!) { customer(by: $by) { identities { kind value } } }"
    assert shop.execute(look, by={"card": card})["customer"]["identities"] == [{"kind": "CARD", "value": "•••5678"}]
    assert shop.execute(look, role=Role.STAFF, by={"card": card})["customer"]["identities"] == [
        {"kind": "CARD", "value": card}
    ]


def test_ids_of_another_program_find_nothing(two_shops: tuple[Shop, Shop]) -> None:
    ours, theirs = two_shops
    card = ours.enrol()
    bought = ours.buy(card, "200.00", receipt="R-1")
    redeemed = ours.redeem(card)
    customer = ours.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"card": card})["customer"]["id"]
    reward = ours.execute("{ rewards { nodes { reward { id } } } }")["rewards"]["nodes"][0]["reward"]["id"]
    program = ours.execute("{ program { id } }")["program"]["id"]
    ids = [
        customer,
        reward,
        program,
        bought["purchase"]["id"],
        bought["entry"]["id"],
        redeemed["redemption"]["id"],
        redeemed["entry"]["id"],
    ]
    assert all(node is not None for node in ours.execute("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=ids)["nodes"])
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        assert theirs.execute("query($i: [ID!]!) { nodes(ids: $i) { id } }", role=role, i=ids) == {
            "nodes": [None] * len(ids)
        }
    assert theirs.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"id": customer}) == {
        "customer": None
    }
    assert theirs.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"card": card}) == {
        "customer": None
    }
    assert theirs.execute("query($e: ID!) { explain(entry: $e) { agrees } }", e=bought["entry"]["id"]) == {
        "explain": None
    }
    stolen = {
        "idempotencyKey": "s1",
        "customer": {"id": customer},
        "purchase": {"externalId": "s", "lines": [{"sku": "a", "quantity": "1", "unitPrice": "1"}]},
    }
    assert theirs.execute(BUY, input=stolen)["recordPurchase"]["userErrors"][0]["code"] == "CUSTOMER_NOT_FOUND"
    back = {"idempotencyKey": "s2", "purchase": {"id": bought["purchase"]["id"]}}
    assert theirs.execute(REFUND, input=back)["recordRefund"]["userErrors"][0]["code"] == "PURCHASE_NOT_FOUND"
    assert theirs.refund("R-1")["decision"] is None, "it waits for a receipt of their own"
    mine = theirs.enrol()
    theirs.buy(mine, "200.00", receipt="R-1")
    spent = {"idempotencyKey": "s3", "customer": {"card": mine}, "reward": {"id": reward}}
    assert theirs.execute(REDEEM, input=spent)["redeemReward"]["userErrors"][0]["code"] == "REWARD_NOT_FOUND"
    assert ours.ledger(card) == [("EARN", 200), ("REDEEM", -100)]
    assert theirs.ledger(mine) == [("EARN", 200), ("CLAWBACK", -200)]


def test_idempotency_keys_are_separate_for_each_program(two_shops: tuple[Shop, Shop]) -> None:
    ours, theirs = two_shops
    assert ours.enrol("SAMECARD") == theirs.enrol("SAMECARD")
    ours.buy("SAMECARD", "10.00", key="k", receipt="r")
    theirs.buy("SAMECARD", "20.00", key="k", receipt="r")
    assert (ours.available("SAMECARD"), theirs.available("SAMECARD")) == (10, 20)


def test_malformed_id_gives_null_like_an_unknown_one(shop: Shop) -> None:
    ids = [
        "",
        "x",
        "Q3VzdG9tZXI6MQ",
        "🙈",
        "Q3VzdG9tZXI6MDFhMjBiZDQtNzA2Ny03NmQ4LWE3ODUtYWFiNWZmZThhMzdm",
        "VGVybXM6OTk",
    ]
    assert shop.execute("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=ids) == {"nodes": [None] * len(ids)}
    too_many = shop.send("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=["x"] * 101).json()
    assert too_many["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
