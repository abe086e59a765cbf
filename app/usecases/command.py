"""Context and result of commands, and their storage under idempotency keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.domain.access import Principal
from app.domain.customers.customer import Customer
from app.domain.decisions import Decision
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program, ProgramKind
from app.domain.purchases.clock_skew import Skew
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.store import idempotency
from app.store.database.session import Session
from app.store.ledger import accounts

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a till's clock may be ahead of the program's clock."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What ledger entries need from the command that appends them: the program, its time, and new time-ordered ids."""

    program_id: str
    now: datetime
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One command as it was received.

    `key` is the caller's idempotency key, `fingerprint` a digest of the command's name and its canonical input,
    `actor` the id of the access key used (None: the `troth` command), and `principal` its holder. `received_at` is
    the server's time when the command arrived, whatever the program's clock shows. `new_id` makes unique time-ordered
    ids. `settling`: staff have reviewed the business time of the receipt.
    """

    program: Program
    name: str
    key: str
    fingerprint: str
    actor: str | None
    received_at: datetime
    new_id: Callable[[], str]
    principal: Principal | None = None
    settling: bool = False

    @property
    def now(self) -> datetime:
        """The program's time when the command was received: everything is decided at it and recorded with it."""
        return self.program.now(self.received_at)

    @property
    def write_context(self) -> WriteContext:
        """The context for its ledger entries."""
        return WriteContext(program_id=self.program.id, now=self.now, new_id=self.new_id)

    def skew(self, occurred_at: datetime) -> Skew | None:
        """Why a business time cannot be right, or None.

        It must not be ahead of the program's clock. The limit on age applies to receipts that a till sends to a live
        program, not to imports or to times that staff have reviewed.
        """
        if occurred_at > self.now + CLOCK_TOLERANCE:
            return Skew.AHEAD
        if self.program.kind is ProgramKind.SANDBOX or self.principal is None or self.settling:
            return None
        return Skew.TOO_OLD if occurred_at < self.now - self.program.receipt_age else None

    def too_early(self, occurred_at: datetime, *, path: tuple[str, ...]) -> Problem | None:
        """The refusal of an event with a business time in the future, or None; `path` leads to the input field."""
        if occurred_at <= self.now + CLOCK_TOLERANCE:
            return None
        return Problem(
            ProblemCode.CLOCK_SKEW, path=path, detail="occurredAt is more than 5 minutes ahead of the program's clock"
        )


class Answer(NamedTuple):
    """The result of a command: stored for ever under its idempotency key, and returned unchanged when the key is repeated.

    Holds ids, the decision and the balances after it, and no personal data. `terms`, the version that decided, is set
    on a new result only and not stored: the decision names the version. `cash` is in minor units, `clock` is the
    program's time after its clock was moved, `moved_from` before. `other_id` is the customer on the other side,
    `other_entry_id` the entry there. `already_recorded`: the receipt had been recorded under another key. `returned`
    is the refund's result in the same call.
    """

    decision: Decision | None = None
    balances: Mapping[Unit, Balance] | None = None
    customer_id: str | None = None
    purchase_id: str | None = None
    refund_id: str | None = None
    entry_id: str | None = None
    other_id: str | None = None
    other_entry_id: str | None = None
    redemption_id: str | None = None
    reward_id: str | None = None
    location_id: str | None = None
    preview_id: str | None = None
    terms_version: int | None = None
    shortfall: int | None = None
    points_restored: int | None = None
    stamps_restored: int | None = None
    already_recorded: bool | None = None
    pending_refund_id: str | None = None
    quarantined_id: str | None = None
    cash: int | None = None
    notice_ids: tuple[str, ...] | None = None
    clock: datetime | None = None
    moved_from: datetime | None = None
    returned: Answer | None = None
    terms: Terms | None = None
    replayed: bool = False

    def to_data(self) -> dict[str, Any]:
        """The answer as JSON, without fields that are None."""
        data: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(self, name)) is not None}
        if self.decision is not None:
            data["decision"] = self.decision.to_data()
        if self.balances is not None:
            data["balances"] = {unit.value: balance.to_data() for unit, balance in self.balances.items()}
        if self.returned is not None:
            data["returned"] = self.returned.to_data()
        if self.notice_ids is not None:
            data["notice_ids"] = list(self.notice_ids)
        for name in _INSTANTS:
            if (at := getattr(self, name)) is not None:
                data[name] = at.isoformat()
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Answer:
        """The stored answer, marked as replayed."""
        return cls(
            **{name: data[name] for name in _PLAIN if name in data},
            decision=Decision.from_data(data["decision"]) if "decision" in data else None,
            balances=_balances(data["balances"]) if "balances" in data else None,
            returned=cls.from_data(data["returned"]) if "returned" in data else None,
            notice_ids=tuple(data["notice_ids"]) if "notice_ids" in data else None,
            clock=_instant(data.get("clock")),
            moved_from=_instant(data.get("moved_from")),
            replayed=True,
        )


_PLAIN = (
    "customer_id",
    "purchase_id",
    "refund_id",
    "entry_id",
    "other_id",
    "other_entry_id",
    "redemption_id",
    "reward_id",
    "location_id",
    "preview_id",
    "terms_version",
    "shortfall",
    "points_restored",
    "stamps_restored",
    "already_recorded",
    "pending_refund_id",
    "quarantined_id",
    "cash",
)
_INSTANTS = ("clock", "moved_from")


def _balances(data: Mapping[str, Mapping[str, int]]) -> dict[Unit, Balance]:
    return {Unit(unit): Balance.from_data(value) for unit, value in data.items()}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


async def balances_now(session: Session, *, customer: Customer) -> dict[Unit, Balance]:
    """The stored balances of a customer's wallet, in every unit it ever held; its account must be locked."""
    others = await accounts.others(session, wallet_id=customer.account.wallet_id)
    return {Unit.POINTS: customer.account.balance} | {unit: account.balance for unit, account in others.items()}


async def previous_result(session: Session, *, context: CommandContext) -> Answer | Problem | None:
    """The stored result of the idempotency key, a refusal if the payload differs, None for a new key."""
    stored = await idempotency.find(session, key=context.key)
    if stored is None:
        return None
    if stored.mutation != context.name or stored.fingerprint != context.fingerprint:
        return Problem(ProblemCode.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))
    return Answer.from_data(stored.answer)


async def remember_result(session: Session, *, context: CommandContext, answer: Answer) -> Answer:
    """Store the result under its key, in the transaction of its effect; returns what was stored."""
    answer = _kept(answer)
    await idempotency.keep(
        session,
        key=context.key,
        mutation=context.name,
        fingerprint=context.fingerprint,
        answer=answer.to_data(),
        actor=context.actor,
        recorded_at=context.received_at,
    )
    return answer


def _kept(answer: Answer) -> Answer:
    if answer.returned is not None:
        answer = answer._replace(returned=_kept(answer.returned))
    if answer.decision is None or answer.terms is None or not answer.terms.required_facts.customer_conditions:
        return answer
    return answer._replace(decision=answer.decision.without_personal_values())
