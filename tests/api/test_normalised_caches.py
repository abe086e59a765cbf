"""A client that keeps objects by type and id shows exactly what it was answered: of two programs, in two languages, and
after a repeated command. On both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema, get_named_type

from app.api.schema import schema as api_schema
from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from app.graphql_server.schema.core_schema import core_schema
from tests.api.test_access import customer_key
from tests.normalised_cache import NormalisedCache, completed
from tests.shop import START, Shop, create_program, open_shop
from tests.transfers import join

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8"))
CORE = core_schema(api_schema)

BALANCE = (
    "available pending held owed lifetime qualifying asOf unit { code name } nextExpiry { points } buysToday { key }"
)
TERMS = """version effectiveFrom status text(format: PLAIN) tiers { name clause { statement } }
  clauses { key number statement conditions { kind statement } }
  changes { before { statement } after { statement } statement }"""
DECISION = f"""outcome summary points {{ points unit {{ name }} }} terms {{ {TERMS} }}
  lines {{ number excluded {{ statement }} }}
  reasons {{ clause {{ statement }} statement observed required remedies {{ statement }} }}"""
REDEMPTION = "state points unit { name } reward { key name stock } actor { role label }"
PURCHASE = "externalId points total { amount } lines { sku } location { name }"
ENTRY = f"""type points unit {{ name }} occurredAt decision {{ {DECISION} }} purchase {{ {PURCHASE} }}
  redemption {{ {REDEMPTION} }} correction cause {{ statement }} reason actor {{ label }} lots {{ lot points }}
  openedLots {{ points earnedAt }} counterparties {{ state }}"""
CARD = f"""query($card: String!, $locale: Locale) {{ customer(by: {{ card: $card }}) {{
  state identities {{ kind value }} wallet {{ balances {{ {BALANCE} }} holders {{ enrolledAt }} }}
  tier {{ key name projected {{ tier {{ key }} }} }} notices {{ terms {{ {TERMS} }} changes {{ statement }} }}
  expiryNotices {{ lots {{ statement points }} }}
  redemptions(first: 5) {{ edges {{ node {{ {REDEMPTION} }} }} }}
  ledger(first: 5) {{ edges {{ cursor node {{ {ENTRY} }} }} }} }} }}"""
PROGRAM = f"query($locale: Locale) {{ program {{ name terms {{ {TERMS} }} locations {{ nodes {{ name }} }} }} }}"
OFFERS = f"""query($card: String!, $locale: Locale) {{ rewards(for: {{ card: $card }}) {{ nodes {{
  reward {{ key name }} cost unit {{ name }} clause {{ statement }} decision {{ {DECISION} }} }} }} }}"""
BASKET = f"""query($card: String!, $locale: Locale) {{ basketCheck(customer: {{ card: $card }}, basket: {{
  lines: [{{ sku: "x", quantity: "1", unitPrice: "3.00" }}] }}) {{ decision {{ {DECISION} }} customer {{ state }}
  clauses {{ points clause {{ statement }} reasons {{ statement }} almostMet {{ statement }} }} }} }}"""
PREVIEW = f"""query($receipt: String!, $locale: Locale) {{ refundPreview(purchase: {{ externalId: $receipt }}) {{
  decision {{ {DECISION} }} balances {{ {BALANCE} }} }} }}"""
BUY = f"""mutation($input: RecordPurchaseInput!, $locale: Locale) {{ recordPurchase(input: $input) {{
  decision {{ {DECISION} }} balances {{ {BALANCE} }} customer {{ wallet {{ balances {{ {BALANCE} }} }} }}
  purchase {{ {PURCHASE} }} entry {{ {ENTRY} }} userErrors {{ code message detail }} }} }}"""
REDEEM = f"""mutation($input: RedeemRewardInput!, $locale: Locale) {{ redeemReward(input: $input) {{
  decision {{ {DECISION} }} balances {{ {BALANCE} }} redemption {{ {REDEMPTION} }} entry {{ {ENTRY} }}
  query {{ customer(by: {{ card: "CARD0001" }}) {{ wallet {{ balances {{ {BALANCE} }} }} }} }}
  userErrors {{ code message detail }} }} }}"""


class StandingClock:
    """A clock that stands still until a test moves it, so that an object that is read twice is the same."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class CachingClient:
    """Sends documents as clients with a cache do, and keeps each answer."""

    def __init__(self, shop: Shop, cache: NormalisedCache, *, role: Role = Role.OWNER, key: str | None = None) -> None:
        self.shop, self.cache, self.role, self.key = shop, cache, role, key
        self.root = shop.program.program.id
        self.answers: list[tuple[str, str, dict[str, Any], Any]] = []

    def ask(self, text: str, *, language: str = "en", **variables: Any) -> Any:
        """The answer, which the cache gives back at once."""
        document = completed(text, schema=SCHEMA, locale="locale")
        variables["locale"] = language
        data = self.shop.execute(document, role=self.role, key=self.key, **variables)
        root = self.root if text.lstrip().startswith("query") else f"{self.root}|{uuid.uuid4()}"
        data = {"__typename": "Query" if root == self.root else "Mutation", **data}
        self.cache.write(document, data, root=root, variables=variables)
        assert self.cache.read(document, root=root, variables=variables) == data
        self.answers.append((document, root, variables, data))
        return data

    def check(self) -> None:
        """The cache still gives every answer as it was."""
        for document, root, variables, data in self.answers:
            assert self.cache.read(document, root=root, variables=variables) == data


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def shops(database_url: str, clock: StandingClock) -> Iterator[tuple[Shop, Shop]]:
    """Two programs of one server, each with a card that has bought and redeemed."""
    other = create_program(database_url, name="Other", template="tiered")
    with open_shop(database_url, clock=clock, rate_limit=RateLimit(10_000_000, 10_000_000)) as ours:
        theirs = Shop(address=ours.address, program=other, client=ours.client, url=database_url)
        for shop, price in ((ours, "300.00"), (theirs, "90.00")):
            shop.enrol("CARD0001")
            shop.buy("CARD0001", price, receipt="R-1")
            shop.redeem("CARD0001")
        yield ours, theirs


def ask_everything(client: CachingClient, *, language: str) -> None:
    """Every query that shows terms, decisions or balances."""
    for document in (CARD, OFFERS, BASKET):
        client.ask(document, language=language, card="CARD0001")
    client.ask(PROGRAM, language=language)
    client.ask(PREVIEW, language=language, receipt="R-1")


def test_two_programs_in_one_cache_show_what_was_answered(shops: tuple[Shop, Shop]) -> None:
    cache = NormalisedCache(SCHEMA)
    clients = [CachingClient(shop, cache) for shop in shops]
    for client in clients:
        ask_everything(client, language="en")
    for client in clients:
        client.check()
    texts = [client.ask(PROGRAM)["program"]["terms"]["text"] for client in clients]
    assert texts[0] != texts[1], "terms of one version number, of two programs"


def test_two_languages_in_one_cache_show_what_was_answered(shops: tuple[Shop, Shop]) -> None:
    client = CachingClient(shops[0], NormalisedCache(SCHEMA))
    for language in ("en", "de", "zh-Hans", "zh-Hant"):
        ask_everything(client, language=language)
    client.check()
    statements = [client.ask(PROGRAM, language=tag)["program"]["terms"]["text"] for tag in ("en", "de")]
    assert statements[0] != statements[1]


def test_every_text_of_an_object_with_an_id_takes_its_language() -> None:
    """What does not take one is the same in every language: this is the list of what speaks."""
    speaking = {"text", "statement", "summary", "message", "detail", "observed", "required", "example"}
    found = {
        f"{type_.name}.{name}": "locale" in field.args
        for type_ in SCHEMA.type_map.values()
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)) and not type_.name.startswith("__")
        for name, field in type_.fields.items()
        if name in speaking and get_named_type(field.type).name == "String"
    }
    assert len(found) > 15
    assert [place for place, takes_locale in found.items() if not takes_locale] == []
    roots = [CORE.query_type, CORE.mutation_type]
    assert [name for root in roots if root for name, field in root.fields.items() if "locale" in field.args] == []


def test_answer_of_a_command_updates_the_card_and_a_repeated_one_does_not(
    shops: tuple[Shop, Shop], clock: StandingClock
) -> None:
    shop, cache = shops[0], NormalisedCache(SCHEMA)
    client = CachingClient(shop, cache)
    client.ask(CARD, card="CARD0001")

    def buy(key: str) -> Any:
        lines = [{"sku": "thing", "quantity": "1", "unitPrice": "7.00"}]
        purchase = {"externalId": key, "lines": lines}
        sent = {"idempotencyKey": key, "customer": {"card": "CARD0001"}, "purchase": purchase}
        return client.ask(BUY, input=sent)["recordPurchase"]

    def cached_balance() -> Any:
        document, root, variables, _ = client.answers[0]
        return cache.read(document, root=root, variables=variables)["customer"]["wallet"]["balances"][0]

    first = buy("first")
    assert cached_balance() == first["balances"][0] == first["customer"]["wallet"]["balances"][0]
    clock.now += timedelta(hours=1)
    second = buy("second")
    assert cached_balance() == second["balances"][0]
    assert second["balances"][0]["available"] == first["balances"][0]["available"] + 7
    for _ in range(2):
        clock.now += timedelta(hours=1)
        again = buy("first")
        assert again["balances"][0]["available"] == first["balances"][0]["available"]
        assert again["balances"][0]["asOf"] == first["balances"][0]["asOf"] != second["balances"][0]["asOf"]
        assert cached_balance()["available"] == second["balances"][0]["available"]
    sent = {"idempotencyKey": "redeem", "customer": {"card": "CARD0001"}, "reward": {"key": "coffee"}}
    client.ask(REDEEM, input=sent)
    clock.now += timedelta(hours=1)
    client.ask(REDEEM, input=sent)


def test_preview_and_past_balance_leave_the_present_one_alone(shops: tuple[Shop, Shop]) -> None:
    client = CachingClient(shops[0], NormalisedCache(SCHEMA))
    client.ask(CARD, card="CARD0001")
    client.ask(PREVIEW, receipt="R-1")
    past = f"""query($at: DateTime!, $locale: Locale) {{ customer(by: {{ card: "CARD0001" }}) {{
      then: balanceAt(at: $at) {{ {BALANCE} }} now: wallet {{ balances {{ {BALANCE} }} }} }} }}"""
    answer = client.ask(past, at=(START - timedelta(hours=1)).isoformat())["customer"]
    assert answer["then"]["available"] == 0 < answer["now"]["balances"][0]["available"]
    client.check()


def test_customers_of_a_household_have_one_wallet(shops: tuple[Shop, Shop], clock: StandingClock) -> None:
    shop = shops[0]
    shop.enrol("CARD0002")
    shop.buy("CARD0002", "55.00")
    before = clock.now
    clock.now += timedelta(days=1)
    assert join(shop, "CARD0002", "CARD0001")["userErrors"] == []
    client = CachingClient(shop, NormalisedCache(SCHEMA))
    cards = [client.ask(CARD, card=card)["customer"] for card in ("CARD0001", "CARD0002")]
    assert cards[0]["wallet"]["id"] == cards[1]["wallet"]["id"]
    past = f"""query($card: String!, $at: DateTime!, $locale: Locale) {{ customer(by: {{ card: $card }}) {{
      balanceAt(at: $at) {{ {BALANCE} }} }} }}"""
    past_balances = [
        client.ask(past, card=card, at=before.isoformat())["customer"]["balanceAt"] for card in ("CARD0001", "CARD0002")
    ]
    assert [balance["available"] for balance in past_balances] == [200, 55]
    client.check()


NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


def test_wallet_and_terms_are_read_by_id_by_whom_they_concern(shops: tuple[Shop, Shop]) -> None:
    ours, theirs = shops
    ids = ours.execute('{ customer(by: { card: "CARD0001" }) { wallet { id } } terms { id } }', role=Role.TILL)
    wallet, terms = ids["customer"]["wallet"]["id"], ids["terms"]["id"]
    own = customer_key(ours.url, ours, "CARD0001")
    stranger = customer_key(ours.url, ours, ours.enrol())
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        assert ours.execute(NODE, role=role, id=wallet)["node"] == {"__typename": "Wallet", "id": wallet}
        assert theirs.execute(NODE, role=role, id=wallet)["node"] is None
        assert theirs.execute(NODE, role=role, id=terms)["node"] is None
    assert ours.execute(NODE, key=own, id=wallet)["node"] == {"__typename": "Wallet", "id": wallet}
    assert ours.execute(NODE, key=stranger, id=wallet)["node"] is None
    for key in (own, stranger):
        assert ours.execute(NODE, key=key, id=terms)["node"] == {"__typename": "Terms", "id": terms}
