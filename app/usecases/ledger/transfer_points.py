"""Transfer points from one customer to another one, lot by lot, with their dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.amounts import MAX_POINTS
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import range_detail
from app.domain.engine.expiry import current_last_day
from app.domain.ledger import lots
from app.domain.ledger.entries import Balance, EntryType
from app.domain.ledger.lots import Draw, Lot
from app.domain.ledger.transfer import Transfer, TransferredLot
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.units import Unit
from app.domain.wallets.events import TransferReceived, TransferSent
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import NewEvent, ReplayedWallet, replay_recorded, replay_wallet
from app.store.ledger import transfers
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.instant_after import instant_after
from app.usecases.ledger.post_differences import post_differences
from app.usecases.programs.staff_limits import budget_problem
from app.usecases.results import CommandResult, stored_as
from app.usecases.staff_reasons import reason_problem


@dataclass(frozen=True, slots=True)
class TransferPoints:
    """The sender, the recipient, how many points, and the reason."""

    sender: CustomerReference
    recipient: CustomerReference
    points: int
    reason: str


@stored_as("points_transferred")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPointsResult(CommandResult):
    """The sender with the balances after the transfer, the recipient, and the entry of each."""

    customer_id: str
    balances: Mapping[Unit, Balance]
    entry_id: str
    recipient_id: str
    recipient_entry_id: str


@use_case(TransferPointsResult)
async def run(session: Session, *, context: CommandContext, command: TransferPoints) -> TransferPointsResult | Problem:
    """Transfer points that are available now, in the order in which they would be spent. They keep their dates.

    An event that arrives later does not undo the transfer: a sender who had fewer points owes the difference.
    """
    if not 1 <= command.points <= MAX_POINTS:
        return Problem(ProblemCode.INVALID_INPUT, path=("points",), detail=range_detail(1, MAX_POINTS))
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    sender_customer, recipient_customer = await customers.find_two(
        session, first=command.sender, second=command.recipient
    )
    if sender_customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("from",))
    if recipient_customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("to",))
    if sender_customer.account.id == recipient_customer.account.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("to",))
    for customer, path in ((sender_customer, ("from",)), (recipient_customer, ("to",))):
        problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=path)
        if problem is not None:
            return problem
    moved = {Unit.POINTS: command.points}
    problem = await budget_problem(
        session, context=context, budget=StaffBudget.TRANSFERS, moved=moved, path=("points",)
    )
    if problem is not None:
        return problem
    return await _transfer(
        session,
        context=context,
        command=command,
        sender_customer=sender_customer,
        recipient_customer=recipient_customer,
    )


async def _transfer(
    session: Session,
    *,
    context: CommandContext,
    command: TransferPoints,
    sender_customer: Customer,
    recipient_customer: Customer,
) -> TransferPointsResult | Problem:
    at = instant_after(sender_customer.account, recipient_customer.account, now=context.now)
    sender_before = await replay_wallet(session, account=sender_customer.account, until=at)
    if not sender_before.versions.not_withdrawn:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=())
    if sender_before.wallet.point_account.inventory.available_points(at=at) < command.points:
        return Problem(ProblemCode.NOT_ENOUGH_POINTS, path=("points",))
    transferred_lots = _transferred_lots(sender_before, points=command.points, context=context)
    transfer = Transfer(
        id=context.new_id(),
        from_account_id=sender_customer.account.id,
        to_account_id=recipient_customer.account.id,
        points=command.points,
        lots=transferred_lots,
        occurred_at=at,
        recorded_at=context.now,
        reason=command.reason,
        actor=context.actor,
    )
    received_event = TransferReceived(transfer.id, at, tuple(transferred.lot for transferred in transferred_lots))
    recipient = await replay_wallet(
        session, account=recipient_customer.account, until=at, events=[NewEvent(received_event)]
    )
    balance = recipient.balances[Unit.POINTS]
    if balance.available + balance.pending > MAX_POINTS:
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("points",))
    sent_event = TransferSent(
        transfer.id, at, {transferred.source: transferred.lot.points for transferred in transferred_lots}
    )
    sender = replay_recorded(
        sender_before.recorded_history, versions=sender_before.versions, events=[NewEvent(sent_event)], until=at
    )
    await transfers.add(session, transfer=transfer)
    entry_ids = [
        await _book(session, context=context, replayed=account, transfer=transfer) for account in (sender, recipient)
    ]
    return TransferPointsResult(
        customer_id=sender_customer.id,
        balances=sender.balances,
        entry_id=entry_ids[0],
        recipient_id=recipient_customer.id,
        recipient_entry_id=entry_ids[1],
    )


async def _book(session: Session, *, context: CommandContext, replayed: ReplayedWallet, transfer: Transfer) -> str:
    """Book the transfer in one of its accounts; returns the id of its entry."""
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(transfers.row_digest(transfer),),
        event_id=transfer.id,
    )
    return entries[PostingKey(EntryType.TRANSFER, transfer.id)].id


def _transferred_lots(
    sender_before: ReplayedWallet, *, points: int, context: CommandContext
) -> tuple[TransferredLot, ...]:
    """The transferred points as new lots with the same dates.

    If activity of the sender has postponed the last day of a lot, the new lot has the postponed one.
    """
    unit_account, inventory = sender_before.wallet.point_account, sender_before.wallet.point_account.inventory

    def part(draw: Draw) -> Lot:
        lot = inventory.lots[draw.lot_id]
        last_day = current_last_day(
            lot, validity=unit_account.validity_of(lot), last_activity_at=unit_account.last_activity_at
        )
        return _lot_part(lot, points=draw.points, last_day=last_day, id=context.new_id())

    free_lots = [lot for lot in inventory.free_lots() if lot.available_from <= sender_before.until]
    return tuple(
        TransferredLot(draw.lot_id, part(draw))
        for draw in lots.draw_points(free_lots, points=points, last_day_of=unit_account.current_last_day)
    )


def _lot_part(lot: Lot, *, points: int, last_day: date | None, id: str) -> Lot:
    return Lot(
        id=id,
        points=points,
        remaining=points,
        earned_at=lot.earned_at,
        available_from=lot.available_from,
        promised_last_day=last_day,
        terms_version=lot.terms_version,
        zone=lot.zone,
    )
