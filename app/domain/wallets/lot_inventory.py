"""What a wallet holds in one unit: lots, and what is owed; and how points come, go, and come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.ledger.entries import Balance
from app.domain.ledger.lots import Draw, LastValidDay, Lot, consumption_order, promised_last_day

DEBT = ""
"""In place of a lot: what the customer owes. Points drawn from it make the debt larger."""


@dataclass(slots=True)
class LotInventory:
    """Lots by id, and points owed. Every change answers with the draws it made: positive out of a lot, negative into it.

    The points that a change moves are what it draws in all; what no lot could pay is drawn from `OWED`.
    """

    lots: dict[str, Lot] = field(default_factory=dict)
    lifetime: int = 0
    consumed: dict[str, tuple[Draw, ...]] = field(default_factory=dict)
    """What each spending took, by its id: who repays a debt later has paid for the spending that made it."""
    debts: list[str] = field(default_factory=list)
    """The spendings that something is owed for, oldest first."""
    last_valid_day: LastValidDay = field(default=promised_last_day, repr=False, compare=False)
    """What the order of consumption goes by."""
    _free: dict[str, None] = field(default_factory=dict)
    """The lots in which something is free, so that a long history costs nothing."""

    @classmethod
    def of(cls, lots: Iterable[Lot], *, ends: LastValidDay = promised_last_day) -> LotInventory:
        """A wallet of these lots that owes nothing."""
        found = {lot.id: lot for lot in lots}
        return cls(
            found, last_valid_day=ends, _free={id: None for id, lot in found.items() if lot.remaining > lot.held}
        )

    @property
    def owed(self) -> int:
        """Points owed."""
        return sum(draw.points for debt in self.debts for draw in self.consumed[debt] if draw.lot_id == DEBT)

    def free_lots(self) -> list[Lot]:
        """The lots in which something is free."""
        return [self.lots[id] for id in self._free]

    def unheld(self) -> int:
        """Points that are not held, pending ones too."""
        return sum(lot.free for lot in self.free_lots())

    def available(self, *, at: datetime) -> int:
        """Points that can be spent at a moment."""
        return sum(lot.free for lot in self.free_lots() if lot.available_from <= at)

    def balance(self, *, at: datetime, qualifying: int = 0) -> Balance:
        """What is available, pending and held at a moment."""
        available, pending, held = 0, 0, 0
        for lot in self.lots.values():
            held += lot.held
            if lot.available_from <= at:
                available += lot.remaining - lot.held
            else:
                pending += lot.remaining - lot.held
        return Balance(
            available=available,
            pending=pending,
            held=held,
            owed=self.owed,
            lifetime=self.lifetime,
            qualifying=qualifying,
        )

    def open(self, lot: Lot, *, at: datetime, earned: bool = True) -> tuple[Draw, ...]:
        """Put a new lot in; what is owed is taken off it first, or when its points become available."""
        self._store(lot)
        self.lifetime += lot.remaining if earned else 0
        return (Draw(lot.id, -lot.remaining), *(self.repay_debt(lot.id) if lot.available_from <= at else ()))

    def repay_debt(self, lot_id: str) -> tuple[Draw, ...]:
        """Pay what is owed out of a lot, oldest debt first."""
        paid = 0
        while self.debts and (free := self.lots[lot_id].free):
            debtor = self.debts[0]
            draws = self.consumed[debtor]
            owed = sum(draw.points for draw in draws if draw.lot_id == DEBT)
            part = min(free, owed)
            rest = (Draw(DEBT, owed - part),) if part < owed else ()
            self.consumed[debtor] = (*(draw for draw in draws if draw.lot_id != DEBT), Draw(lot_id, part), *rest)
            if not rest:
                self.debts.pop(0)
            self._add(lot_id, -part)
            paid += part
        return (Draw(lot_id, paid), Draw(DEBT, -paid)) if paid else ()

    def consume(
        self, id: str, points: int, *, at: datetime, before: Callable[[Lot], int] | None = None
    ) -> tuple[Draw, ...]:
        """Take points that are available in consumption order, the lots that `before` ranks low first; the rest is owed."""
        return self._draw(id, points, order=self._spendable(at=at, before=before), allow_negative=True)

    def transfer_out(self, id: str, requested: Mapping[str, int], *, at: datetime) -> tuple[Draw, ...]:
        """Take the very points that were passed on; where late facts have used them, others; the rest is owed."""
        own = [Draw(lot_id, min(points, self._free_in(lot_id))) for lot_id, points in requested.items()]
        for draw in own:
            if draw.points:
                self._add(draw.lot_id, -draw.points)
        draws = [draw for draw in own if draw.points]
        rest = self.consume(id, sum(requested.values()) - sum(draw.points for draw in draws), at=at)
        self.consumed[id] = (*draws, *rest)
        return self.consumed[id]

    def claw_back(
        self, id: str, points: int, *, at: datetime, own: Collection[str], allow_negative: bool
    ) -> tuple[Draw, ...]:
        """Take points back: from the sale's own lots, then from pending ones, then in consumption order.

        What is not there is owed or, where `owing` is False, let go.
        """
        ordered = sorted(self.in_consumption_order(self.free_lots()), key=lambda lot: lot.available_from <= at)
        return self._draw(
            id, points, order=sorted(ordered, key=lambda lot: lot.id not in own), allow_negative=allow_negative
        )

    def restore(self, id: str, *, at: datetime, points: int | None = None) -> tuple[Draw, ...]:
        """Undo a spending, or so many points of it, in reverse order of taking: the very lots have their points again.

        Then those that are available at that moment pay what else is owed.
        """
        left, undone = [], []
        for draw in reversed(self.consumed.pop(id)):
            part = draw.points if points is None else min(points, draw.points)
            points = None if points is None else points - part
            if part:
                undone.append(Draw(draw.lot_id, -part))
            if part < draw.points:
                left.append(Draw(draw.lot_id, draw.points - part))
        if left:
            self.consumed[id] = tuple(reversed(left))
        if id in self.debts and not any(draw.lot_id == DEBT for draw in left):
            self.debts.remove(id)
        back = [draw for draw in undone if draw.lot_id != DEBT]
        for draw in back:
            self._add(draw.lot_id, -draw.points)
        came = (self.lots[id] for id in {draw.lot_id for draw in back})
        for lot in self.in_consumption_order(lot for lot in came if lot.available_from <= at):
            undone.extend(self.repay_debt(lot.id))
        return tuple(undone)

    def drain(self, lot_id: str) -> tuple[Draw, ...]:
        """Take all that is free in a lot."""
        points = self.lots[lot_id].free
        if points:
            self._add(lot_id, -points)
        return (Draw(lot_id, points),) if points else ()

    def hold(self, points: int, *, at: datetime, before: Callable[[Lot], int] | None = None) -> tuple[Draw, ...]:
        """Reserve available points in the order in which they would be spent, as far as they go."""
        held = []
        for lot in self._spendable(at=at, before=before):
            part = min(points, lot.free)
            if part:
                held.append(Draw(lot.id, part))
                self._store(lot._replace(held=lot.held + part))
                points -= part
        return tuple(held)

    def release(self, held: Iterable[Draw]) -> None:
        """Points that were reserved are free again."""
        for draw in held:
            lot = self.lots[draw.lot_id]
            self._store(lot._replace(held=lot.held - draw.points))

    def absorb(self, other: LotInventory, *, renamed: Mapping[str, str], at: datetime) -> tuple[Draw, ...]:
        """Everything that another wallet holds and owes, its lots under new ids: what it gave, and what it may have to undo."""
        draws = []
        for lot in self.in_consumption_order(other.lots.values()):
            self._store(lot._replace(id=renamed[lot.id]))
            if lot.remaining:
                draws.append(Draw(renamed[lot.id], -lot.remaining))
        if other.owed:
            draws.append(Draw(DEBT, other.owed))
        for id, taken in other.consumed.items():
            self.consumed[id] = tuple(Draw(renamed.get(draw.lot_id, DEBT), draw.points) for draw in taken)
        self.debts.extend(other.debts)
        self.lifetime += other.lifetime
        for lot in self.in_consumption_order(lot for lot in self.free_lots() if lot.available_from <= at):
            draws.extend(self.repay_debt(lot.id))
        return tuple(draws)

    def in_consumption_order(self, lots: Iterable[Lot]) -> tuple[Lot, ...]:
        """Lots in the order of consumption as things stand."""
        return consumption_order(lots, last_valid_day_of=self.last_valid_day)

    def _spendable(self, *, at: datetime, before: Callable[[Lot], int] | None) -> list[Lot]:
        """The lots that can be spent at a moment, in order."""
        available = self.in_consumption_order(lot for lot in self.free_lots() if lot.available_from <= at)
        return list(available) if before is None else sorted(available, key=before)

    def _draw(self, id: str, points: int, *, order: Iterable[Lot], allow_negative: bool) -> tuple[Draw, ...]:
        draws = []
        for lot in order:
            if not points:
                break
            part = min(points, lot.free)
            if part > 0:
                draws.append(Draw(lot.id, part))
                self._add(lot.id, -part)
                points -= part
        if points and allow_negative:
            draws.append(Draw(DEBT, points))
            self.debts.append(id)
        self.consumed[id] = tuple(draws)
        return self.consumed[id]

    def _free_in(self, lot_id: str) -> int:
        return self.lots[lot_id].free if lot_id in self.lots else 0

    def _add(self, lot_id: str, points: int) -> None:
        lot = self.lots[lot_id]
        self._store(lot._replace(remaining=lot.remaining + points))

    def _store(self, lot: Lot) -> None:
        self.lots[lot.id] = lot
        if lot.free:
            self._free[lot.id] = None
        else:
            self._free.pop(lot.id, None)
