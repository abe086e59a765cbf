"""The examples in tests/cases, which a shop owner can read: each is decided by the rules alone, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.api.terms_files import read
from app.domain.amounts import Money
from app.domain.calendar import day_start, zone_info
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision
from app.domain.engine import refund
from app.domain.engine.earning import earn
from app.domain.engine.old_prices import OldPrices, protects_lower_prices
from app.domain.engine.redemption import redeem
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.ledger import lots as lots_of
from app.domain.ledger.lots import Lot
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.terms.validation import with_names
from app.domain.terms.version import Terms

FOLDER = Path(__file__).parents[1] / "cases"
REWARDS = {"coffee": "Coffee", "meal": "Meal"}
Case = Mapping[str, Any]
"""One example, every value as the text that stands in the file."""

_PURCHASE = {"case", "currency", "zone", "terms", "at", "lines", "payments", "tier", "qualifying"}
_KNOWN = {
    "earning": _PURCHASE | {"points", "outcome", "reasons", "remedies", "summary"},
    "redeeming": _PURCHASE
    | {"from", "before", "reward", "lots", "left", "points", "outcome", "reasons", "remedies", "summary"},
    "refunding": _PURCHASE | {"earned", "refunds"},
}
_LINE = {"price", "quantity", "discount", "tax", "kind", "categories"}
_REFUND = {"returns", "available", "cash", "due", "taken", "reason"}


def cases(name: str) -> list[Any]:
    """The examples of a file."""
    found: list[Case] = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return [pytest.param(case, id=case["case"]) for case in found]


@pytest.mark.parametrize("name", sorted(_KNOWN))
def test_every_example_has_a_unique_name_and_only_checked_fields(name: str) -> None:
    found = [case.values[0] for case in cases(name)]
    assert len({value["case"] for value in found}) == len(found) >= 8
    for item in found:
        assert set(item) <= _KNOWN[name], item["case"]
        assert all(set(line) <= _LINE for line in item.get("lines", ())), item["case"]
        assert all({"returns", "cash", "due", "taken"} <= set(part) <= _REFUND for part in item.get("refunds", ()))


def test_every_example_file_is_run() -> None:
    assert {file.stem for file in FOLDER.glob("*.yaml")} == set(_KNOWN)


@pytest.mark.parametrize("case", cases("earning"))
def test_earning(case: Case) -> None:
    decision = earn(terms=terms(case), facts=facts(case))
    assert decision.points == int(case["points"])
    assert decision.outcome.value == case.get("outcome", "GRANTED")
    assert_sentences(case, decision, terms=terms(case))


@pytest.mark.parametrize("case", cases("redeeming"))
def test_redeeming(case: Case) -> None:
    now, what = terms(case), facts(case)
    earlier = (terms(case, "before"),) if "before" in case else ()
    held = tuple(a_lot(index, value, case=case) for index, value in enumerate(case["lots"]))
    clause = now.clause_of_reward(case["reward"])
    assert clause is not None
    old_prices = OldPrices(terms=now, earlier_terms=earlier, lots=held, at=what.occurred_at)
    charge = old_prices.charge(case["reward"]) if protects_lower_prices(now, earlier_terms=earlier) else None
    available = sum(lot.remaining for lot in held)
    decision = redeem(terms=now, clause=clause, facts=what, available=available, charge=charge)
    assert decision.outcome.value == case["outcome"]
    assert decision.points == int(case["points"])
    draws = charge.draws if charge is not None else lots_of.draw_points(held, points=decision.points)
    taken = {draw.lot_id: draw.points for draw in draws} if decision.points else {}
    assert sum(taken.values()) == decision.points
    assert [str(lot.remaining - taken.get(lot.id, 0)) for lot in held] == case["left"]
    assert_sentences(case, decision, terms=now)


@pytest.mark.parametrize("case", cases("refunding"))
def test_refunding(case: Case) -> None:
    deciding_terms, purchase = terms(case), facts(case)
    earned = earn(terms=deciding_terms, facts=purchase).points
    assert earned == int(case["earned"])
    kept, due, cash = refund.remaining_quantities(purchase, returned=()), 0, 0
    for part in case["refunds"]:
        returns = part["returns"]
        returned = kept if returns == "all" else {int(line): Decimal(much) for line, much in returns.items()}
        after = refund.remaining_quantities(purchase, returned=[returned], quantities_before=kept)
        outcome = refund.outcome_from_snapshot(
            terms=deciding_terms,
            facts=purchase,
            earned_points=earned,
            quantities_before=kept,
            quantities_after=after,
            available=int(part.get("available", earned)),
            occurred_at=purchase.occurred_at,
        )
        assert (str(outcome.money.decimal()), outcome.clawback_due, outcome.clawed_back) == (
            part["cash"],
            int(part["due"]),
            int(part["taken"]),
        )
        if "reason" in part:
            explained = Explanation.of(outcome.decision, terms=deciding_terms)
            assert part["reason"] == explained.statement(
                outcome.decision.reasons[0], phrasebook=phrasebook_in(Locale.EN)
            )
        kept, due, cash = after, due + outcome.clawback_due, cash + outcome.money.minor
    if not any(kept.values()):
        assert (due, cash) == (earned, purchase.total().minor - purchase.paid_with_points()), (
            "any sequence ends like the full refund"
        )


def terms(case: Case, which: str = "terms") -> Terms:
    """The terms of an example, in force since 2020 or from its day."""
    name = zone_of(case)
    start = day_start(date.fromisoformat(case["from"]), zone_name=name) if "from" in case and which == "terms" else None
    drafted = read(case[which], currency=case["currency"]).clauses
    return Terms.from_draft(
        version=2 if "before" in case and which == "terms" else 1,
        effective_from=start or datetime(2020, 1, 1, tzinfo=UTC),
        currency=case["currency"],
        zone=name,
        clauses=with_names(drafted, rewards=REWARDS, locations={}),
    )


def facts(case: Case) -> PurchaseFacts:
    """The purchase or basket of an example."""
    currency, name = case["currency"], zone_of(case)
    payments = case.get("payments", {}).items()
    return PurchaseFacts(
        occurred_at=datetime.fromisoformat(case.get("at", "2026-03-04T12:00")).replace(tzinfo=zone_info(name)),
        zone=name,
        currency=currency,
        lines=tuple(
            a_line(number, value, currency=currency) for number, value in enumerate(case.get("lines", ()), start=1)
        ),
        payments=tuple(Payment(PaymentKind(kind), Money.of(amount, currency).minor) for kind, amount in payments),
        rule_facts=RuleFacts(tier=case.get("tier"), qualifying_points=int(case.get("qualifying", "0"))),
    )


def a_line(number: int, given: Case, *, currency: str) -> Line:
    """A line of a receipt."""
    return Line(
        number=number,
        sku=f"article-{number}",
        quantity=Decimal(given.get("quantity", "1")),
        unit_price=Money.of(given["price"], currency).minor,
        discount=Money.of(given.get("discount", "0"), currency).minor,
        tax_rate=Decimal(given["tax"]) if "tax" in given else None,
        kind=LineKind(given.get("kind", "GOODS")),
        categories=tuple(given.get("categories", ())),
    )


def a_lot(place: int, given: Case, *, case: Case) -> Lot:
    """Points that were earned at noon of a day."""
    at = datetime.fromisoformat(f"{given['earned']}T12:00").replace(tzinfo=zone_info(zone_of(case)))
    return Lot(
        id=f"lot-{place}",
        points=int(given["points"]),
        remaining=int(given["points"]),
        earned_at=at,
        available_from=at,
        promised_last_day=date.fromisoformat(given["good until"]) if "good until" in given else None,
        entry_id=f"entry-{place}",
    )


def zone_of(case: Case) -> str:
    """Where the shop is."""
    name: str = case.get("zone", "Europe/London")
    return name


def assert_sentences(case: Case, decision: Decision, *, terms: Terms) -> None:
    """Checks every reason and remedy in words, and the summary where the example has one."""
    phrasebook, explained = phrasebook_in(Locale.EN), Explanation.of(decision, terms=terms)
    reasons = [
        f"{terms.clause_by_key[reason.clause_key].number}: {explained.statement(reason, phrasebook=phrasebook)}"
        for reason in decision.reasons
    ]
    assert reasons == case["reasons"]
    remedies = [
        explained.remedy(remedy, reason=reason, phrasebook=phrasebook)
        for reason in decision.reasons
        for remedy in reason.finding.remedies
    ]
    assert remedies == case.get("remedies", [])
    if "summary" in case:
        assert list(summary(decision, terms=terms, phrasebook=phrasebook)) == case["summary"]
