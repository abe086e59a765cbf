"""Results of commands survive their storage, and each goes by its kind."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import app.usecases
from app.domain.decisions import (
    Decision,
    DecisionOutcome,
    Finding,
    Reason,
    ReasonCode,
    Remedy,
    RemedyCode,
    Verdict,
)
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.store.database.session import Database, Session
from app.usecases.application import Application, fingerprint
from app.usecases.command import UseCase
from app.usecases.programs import update_program
from app.usecases.programs.create_program import CreateProgram
from app.usecases.programs.update_program import UpdateProgram
from app.usecases.purchases.commands import RecordExchangeResult, RecordPurchaseResult, RecordRefundResult
from app.usecases.purchases.settle_quarantined import SettleQuarantinedResult
from app.usecases.results import (
    CommandResult,
    UnknownKindError,
    decode,
    encode,
    registered_kinds,
    stored_as,
)
from tests.builders import a_clause, some_terms
from tests.shop import new_id, real_now

USE_CASES: dict[str, UseCase[Any, Any]] = {}
for found in pkgutil.walk_packages(app.usecases.__path__, "app.usecases."):
    module = importlib.import_module(found.name)
    USE_CASES |= {f"{found.name}.{name}": value for name, value in vars(module).items() if isinstance(value, UseCase)}

NOT_STORED = {"terms": Terms | None, "first_carried_out_at": datetime | None, "token": str | None}
"""The fields that only a result in memory has, with their types."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "access_key_created": ("access_key_id",),
    "access_key_revoked": ("access_key_id",),
    "access_key_rotated": ("access_key_id", "replaced_id"),
    "clock_advanced": ("clock", "moved_from"),
    "customer_enrolled": ("customer_id", "balances"),
    "customer_updated": ("customer_id",),
    "customers_merged": ("customer_id", "balances", "entry_id"),
    "exchange_recorded": ("purchase", "refund"),
    "expiry_notices_delivered": ("customer_id", "notice_ids"),
    "hold_captured": ("decision", "balances", "customer_id", "redemption_id", "reward_id", "entry_id"),
    "hold_released": ("customer_id", "balances", "redemption_id", "reward_id", "entry_id"),
    "household_joined": ("customer_id", "balances", "entry_id"),
    "location_created": ("location_id",),
    "mixed_receipt_recorded": ("purchase_id", "refund_ids", "already_recorded"),
    "pending_refund_dismissed": ("pending_refund_id",),
    "points_adjusted": ("customer_id", "balances", "entry_id"),
    "points_transferred": ("customer_id", "balances", "entry_id", "recipient_id", "recipient_entry_id"),
    "preview_cancelled": ("preview_id",),
    "preview_queued": ("preview_id",),
    "program_updated": (),
    "publication_decided": ("terms_version", "decision"),
    "purchase_amended": ("decision", "balances", "customer_id", "purchase_id", "entry_id"),
    "purchase_moved": (
        "decision",
        "balances",
        "customer_id",
        "purchase_id",
        "entry_id",
        "from_customer_id",
        "clawback_entry_id",
    ),
    "purchase_recorded": ("decision", "balances", "customer_id", "purchase_id", "entry_id", "already_recorded"),
    "quarantined_settled": ("quarantined_id", "booked"),
    "receipt_quarantined": ("quarantined_id",),
    "redemption_cancelled": ("decision", "balances", "customer_id", "redemption_id", "reward_id", "entry_id"),
    "redemption_fulfilled": ("decision", "balances", "customer_id", "redemption_id", "reward_id"),
    "redemption_decided": (
        "decision",
        "balances",
        "customer_id",
        "reward_id",
        "redemption_id",
        "entry_id",
        "already_recorded",
    ),
    "refund_pending": ("pending_refund_id", "already_recorded"),
    "refund_recorded": (
        "decision",
        "balances",
        "customer_id",
        "purchase_id",
        "refund_id",
        "entry_id",
        "shortfall",
        "points_restored",
        "stamps_restored",
        "cash",
        "already_recorded",
    ),
    "reward_created": ("reward_id",),
    "terms_withdrawn": ("terms_version",),
}
"""What is stored of each kind. Results are stored for ever: no kind and no field is renamed or taken away."""

REASON = Reason("earn", Verdict.APPLIED, Finding(True, ReasonCode.POINTS_EARNED))
DECISIONS = st.builds(
    Decision,
    outcome=st.sampled_from(DecisionOutcome),
    points=st.integers(0, 10**9),
    reasons=st.sampled_from([(), (REASON,)]),
    terms_version=st.integers(1, 10**6),
    decided_for=st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
)
BALANCES = st.builds(Balance, *[st.integers(0, 2**53)] * len(fields(Balance)))


def values(declared: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type."""
    if get_origin(declared) in (Union, UnionType):
        return st.one_of(*(values(option) for option in get_args(declared)))
    if isinstance(declared, type) and issubclass(declared, CommandResult):
        return results(declared)
    known: dict[Any, st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        str: st.text(max_size=40),
        int: st.integers(-(2**53), 2**53),
        bool: st.booleans(),
        datetime: st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
        tuple[str, ...]: st.lists(st.text(max_size=40), max_size=3).map(tuple),
        Decision: DECISIONS,
        Mapping[Unit, Balance]: st.dictionaries(st.sampled_from(Unit), BALANCES),
    }
    return known[declared]


def results(result_class: type[CommandResult]) -> st.SearchStrategy[CommandResult]:
    """Results of a class, as they are stored."""
    types = {
        name: declared for name, declared in get_type_hints(result_class).items() if name not in ("kind", *NOT_STORED)
    }
    return st.builds(result_class, **{name: values(declared) for name, declared in types.items()})


@pytest.mark.parametrize("kind", sorted(registered_kinds()))
@settings(max_examples=15)
@given(data=st.data())
def test_every_result_survives_its_storage(kind: str, data: st.DataObject) -> None:
    result = data.draw(results(registered_kinds()[kind]))
    stored = orjson.loads(orjson.dumps(encode(result)))
    assert stored["kind"] == kind
    assert decode(stored, kinds=registered_kinds()) == result


def test_kinds_and_the_names_of_their_fields_never_change() -> None:
    stored = {
        kind: tuple(field.name for field in fields(result_class) if field.name not in NOT_STORED)
        for kind, result_class in registered_kinds().items()
    }
    assert {kind: stored[kind] for kind in sorted(stored)} == FIELDS


def test_only_the_terms_the_time_of_a_repeated_result_and_the_secret_of_a_new_key_are_not_stored() -> None:
    for result_class in registered_kinds().values():
        left_out = {field.name for field in fields(result_class) if not field.metadata.get("stored", True)}
        further = left_out - {"first_carried_out_at"}
        assert further in (set(), {"terms"}, {"token"}), result_class
        assert all(get_type_hints(result_class)[name] == NOT_STORED[name] for name in left_out)


def test_every_command_says_what_it_returns_and_every_kind_is_returned_by_a_command() -> None:
    assert len(USE_CASES) > 20
    returned = set()
    for name, use_case in USE_CASES.items():
        options = get_args(declared := get_type_hints(use_case.handler)["return"]) or (declared,)
        assert set(use_case.kinds.values()) == set(options) - {Problem}, name
        returned |= set(use_case.kinds)
    assert returned == set(registered_kinds())


BIRTHDAY = Reason(
    "party",
    Verdict.NOT_MET,
    Finding(
        False,
        ReasonCode.OUTSIDE_BIRTHDAY_WINDOW,
        remedies=(Remedy(RemedyCode.WAIT_FOR_BIRTHDAY, instant=datetime(2026, 5, 1, tzinfo=UTC)),),
    ),
    condition=(0,),
)


def test_no_date_of_birth_is_stored_or_shown_however_deep_the_decision_stands() -> None:
    party = some_terms(a_clause(None, BirthdayWindow(0, 0)))
    decision = Decision(DecisionOutcome.GRANTED, 0, 1, datetime(2026, 1, 1, tzinfo=UTC), (BIRTHDAY,))
    kept = decision.without_personal_values()
    assert kept != decision
    ids = {"customer_id": "c", "purchase_id": "p", "entry_id": "e"}
    bought = RecordPurchaseResult(decision=decision, balances={}, terms=party, **ids)
    back = {"refund_id": "r", "shortfall": 0, "points_restored": 0, "stamps_restored": 0, "cash": 0}
    returned = RecordRefundResult(decision=decision, balances={}, terms=party, **ids, **back)
    exchange = RecordExchangeResult(purchase=bought, refund=returned)
    for booked in (bought, returned, exchange):
        settled = SettleQuarantinedResult(quarantined_id="q", booked=booked).without_personal_values()
        assert settled == decode(encode(settled), kinds=registered_kinds())
        for part in (settled.booked,) if booked is not exchange else (settled.booked.purchase, settled.booked.refund):
            assert part.decision == kept
            assert part.terms is party


def test_two_results_cannot_have_the_same_kind() -> None:
    @dataclass(frozen=True)
    class OtherResult(CommandResult):
        """A result without fields."""

    with pytest.raises(ValueError, match="purchase_recorded is that of RecordPurchaseResult"):
        stored_as("purchase_recorded")(OtherResult)
    assert registered_kinds()["purchase_recorded"] is RecordPurchaseResult


def test_a_field_of_a_type_that_cannot_be_stored_fails_when_the_class_is_made() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Priced(CommandResult):
        price: float

    with pytest.raises(TypeError, match="float"):
        stored_as("priced")(Priced)
    assert "priced" not in registered_kinds()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"kind": "gift_wrapped"}, "the kind 'gift_wrapped'; known here: program_updated"),
        ({"customer_id": "c"}, "no kind; known here: program_updated"),
        ({"kind": "purchase_recorded"}, "the kind 'purchase_recorded'; known here: program_updated"),
    ],
)
async def test_a_stored_result_of_an_unknown_kind_fails_clearly(
    database: Database, data: dict[str, str], says: str
) -> None:
    application = Application(database=database, clock=real_now, new_id=new_id)
    command = CreateProgram(
        name="Shop", template="blank", kind=ProgramKind.LIVE, currency="GBP", zone="Europe/London", region="GB"
    )
    program = (await application.create_program(command)).program

    async def store(session: Session) -> None:
        await session.enqueue(
            "INSERT INTO idempotency_keys (program_id, key, mutation, fingerprint, answer, actor, recorded_at)"
            " VALUES ($1, 'k', 'updateProgram', $2, $3, NULL, $4)",
            fingerprint("updateProgram", {}),
            orjson.dumps(data).decode(),
            real_now(),
        )

    await database.write(store, program_id=program.id, lock_key="k")
    execute = partial(application.execute, name="updateProgram", program=program, principal=None, fingerprint_input={})
    with pytest.raises(UnknownKindError, match=says):
        await execute(update_program.run, key="k", command=UpdateProgram())
    fresh = await execute(update_program.run, key="other", command=UpdateProgram())
    assert not isinstance(fresh, Problem)
    assert not fresh.repeated
    again = await execute(update_program.run, key="other", command=UpdateProgram())
    assert not isinstance(again, Problem)
    assert again.repeated
    assert again.result == fresh.result
