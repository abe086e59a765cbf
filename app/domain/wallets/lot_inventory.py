"""The lots and debts of one unit of a wallet, and the draws that every change makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.ledger.entries import Balance
from app.domain.ledger.lots import Draw, LastDayOf, Lot, consumption_order, promised_last_day

DEBT = ""
"""The lot id of draws that no lot could pay: points that are drawn from `DEBT` increase the customer's debt."""


@dataclass(slots=True)
class LotInventory:
    """Lots by id, and debts. Every change returns its draws: positive out of a lot, negative into one.

    Points that no lot could pay are drawn from `DEBT`. `lifetime` is the number of points ever earned.
    """

    lots: dict[str, Lot] = field(default_factory=dict)
    lifetime: int = 0
    draws_by_event: dict[str, tuple[Draw, ...]] = field(default_factory=dict)
    """Draws by the id of the event that made them. When a debt is repaid, draws from lots replace the draw from `DEBT`."""
    indebted_events: list[str] = field(default_factory=list)
    """Ids of the events whose draws still include one from `DEBT`, oldest first."""
    last_day_of: LastDayOf = field(default=promised_last_day, repr=False, compare=False)
    """Lots are consumed in the order of the days that this function returns."""
    _lots_with_free_points: dict[str, None] = field(default_factory=dict)
    """Ids of lots with free points, used as an ordered set, so that empty lots of a long history cost no time."""

    @classmethod
    def of(cls, lots: Iterable[Lot], *, last_day_of: LastDayOf = promised_last_day) -> LotInventory:
        """An inventory of these lots without debts."""
        lots_by_id = {lot.id: lot for lot in lots}
        return cls(
            lots_by_id,
            last_day_of=last_day_of,
            _lots_with_free_points={id: None for id, lot in lots_by_id.items() if lot.remaining > lot.held},
        )

    @property
    def owed(self) -> int:
        """Points that the customer owes."""
        return sum(
            draw.points
            for event_id in self.indebted_events
            for draw in self.draws_by_event[event_id]
            if draw.lot_id == DEBT
        )

    def free_lots(self) -> list[Lot]:
        """The lots with points that are not held."""
        return [self.lots[id] for id in self._lots_with_free_points]

    def unheld_points(self) -> int:
        """The number of points that are not held, including pending ones."""
        return sum(lot.free for lot in self.free_lots())

    def available_points(self, *, at: datetime) -> int:
        """The number of points that can be spent at an instant."""
        return sum(lot.free for lot in self.free_lots() if lot.available_from <= at)

    def balance(self, *, at: datetime, qualifying: int = 0) -> Balance:
        """The balance at an instant; `qualifying` is the number of points towards a tier, which is not known from the lots."""
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
            owed=self.owed if self.indebted_events else 0,
            lifetime=self.lifetime,
            qualifying=qualifying,
        )

    def open(self, lot: Lot, *, at: datetime, earned: bool = True) -> tuple[Draw, ...]:
        """Add a new lot; `earned` points count as lifetime points. The lot repays debt if its points are available already."""
        self._store(lot)
        self.lifetime += lot.remaining if earned else 0
        repaid = self.repay_debt(lot.id) if self.indebted_events and lot.available_from <= at else ()
        return (Draw(lot.id, -lot.remaining), *repaid)

    def repay_debt(self, lot_id: str) -> tuple[Draw, ...]:
        """Repay debts from the free points of a lot, oldest debt first."""
        repaid = 0
        while self.indebted_events and (free := self.lots[lot_id].free):
            event_id = self.indebted_events[0]
            draws = self.draws_by_event[event_id]
            owed = sum(draw.points for draw in draws if draw.lot_id == DEBT)
            part = min(free, owed)
            debt_rest = (Draw(DEBT, owed - part),) if part < owed else ()
            self.draws_by_event[event_id] = (
                *(draw for draw in draws if draw.lot_id != DEBT),
                Draw(lot_id, part),
                *debt_rest,
            )
            if not debt_rest:
                self.indebted_events.pop(0)
            self._change_remaining(lot_id, -part)
            repaid += part
        return (Draw(lot_id, repaid), Draw(DEBT, -repaid)) if repaid else ()

    def consume(
        self, id: str, points: int, *, at: datetime, rank: Callable[[Lot], int] | None = None
    ) -> tuple[Draw, ...]:
        """Take available points, from lots with the lowest `rank` first, then in consumption order; missing points become debt."""
        return self._draw_from(id, points, lots=self._spendable_lots(at=at, rank=rank), allow_negative=True)

    def transfer_out(self, id: str, points_by_lot: Mapping[str, int], *, at: datetime) -> tuple[Draw, ...]:
        """Take the points of a transfer from the lots with these ids.

        Points that late events have used since come from other lots, and become debt if the other lots have too few.
        """
        requested_draws = [
            Draw(lot_id, min(points, self._free_points(lot_id))) for lot_id, points in points_by_lot.items()
        ]
        for draw in requested_draws:
            if draw.points:
                self._change_remaining(draw.lot_id, -draw.points)
        draws = [draw for draw in requested_draws if draw.points]
        other_draws = self.consume(id, sum(points_by_lot.values()) - sum(draw.points for draw in draws), at=at)
        self.draws_by_event[id] = (*draws, *other_draws)
        return self.draws_by_event[id]

    def claw_back(
        self, id: str, points: int, *, at: datetime, own_lot_ids: Collection[str], allow_negative: bool
    ) -> tuple[Draw, ...]:
        """Claw points back: from the purchase's own lots, then from pending lots, then in consumption order.

        With `allow_negative`, missing points become debt; otherwise they are waived.
        """
        lots = sorted(self.in_consumption_order(self.free_lots()), key=lambda lot: lot.available_from <= at)
        return self._draw_from(
            id, points, lots=sorted(lots, key=lambda lot: lot.id not in own_lot_ids), allow_negative=allow_negative
        )

    def restore(self, id: str, *, at: datetime, points: int | None = None) -> tuple[Draw, ...]:
        """Return all points that an event drew, or `points` of them, to their lots, last draw first.

        Returned points that are available at the instant `at` then repay other debts.
        """
        remaining_draws, draws = [], []
        for draw in reversed(self.draws_by_event.pop(id)):
            part = draw.points if points is None else min(points, draw.points)
            points = None if points is None else points - part
            if part:
                draws.append(Draw(draw.lot_id, -part))
            if part < draw.points:
                remaining_draws.append(Draw(draw.lot_id, draw.points - part))
        if remaining_draws:
            self.draws_by_event[id] = tuple(reversed(remaining_draws))
        if id in self.indebted_events and not any(draw.lot_id == DEBT for draw in remaining_draws):
            self.indebted_events.remove(id)
        lot_draws = [draw for draw in draws if draw.lot_id != DEBT]
        for draw in lot_draws:
            self._change_remaining(draw.lot_id, -draw.points)
        restored_lots = (self.lots[id] for id in {draw.lot_id for draw in lot_draws})
        for lot in self.in_consumption_order(lot for lot in restored_lots if lot.available_from <= at):
            draws.extend(self.repay_debt(lot.id))
        return tuple(draws)

    def drain(self, lot_id: str) -> tuple[Draw, ...]:
        """Take all free points of a lot."""
        points = self.lots[lot_id].free
        if points:
            self._change_remaining(lot_id, -points)
        return (Draw(lot_id, points),) if points else ()

    def hold(self, points: int, *, at: datetime, rank: Callable[[Lot], int] | None = None) -> tuple[Draw, ...]:
        """Hold up to `points` available points, in the order in which they would be consumed."""
        draws = []
        for lot in self._spendable_lots(at=at, rank=rank):
            part = min(points, lot.free)
            if part:
                draws.append(Draw(lot.id, part))
                self._store(lot._replace(held=lot.held + part))
                points -= part
        return tuple(draws)

    def release(self, draws: Iterable[Draw]) -> None:
        """Release held points."""
        for draw in draws:
            lot = self.lots[draw.lot_id]
            self._store(lot._replace(held=lot.held - draw.points))

    def absorb(self, other: LotInventory, *, new_lot_ids: Mapping[str, str], at: datetime) -> tuple[Draw, ...]:
        """Take over the lots, debts and draws of another inventory; `new_lot_ids` gives each of its lots an id here."""
        draws = []
        for lot in self.in_consumption_order(other.lots.values()):
            self._store(lot._replace(id=new_lot_ids[lot.id]))
            if lot.remaining:
                draws.append(Draw(new_lot_ids[lot.id], -lot.remaining))
        if other.owed:
            draws.append(Draw(DEBT, other.owed))
        for id, other_draws in other.draws_by_event.items():
            self.draws_by_event[id] = tuple(
                Draw(new_lot_ids.get(draw.lot_id, DEBT), draw.points) for draw in other_draws
            )
        self.indebted_events.extend(other.indebted_events)
        self.lifetime += other.lifetime
        for lot in self.in_consumption_order(lot for lot in self.free_lots() if lot.available_from <= at):
            draws.extend(self.repay_debt(lot.id))
        return tuple(draws)

    def in_consumption_order(self, lots: Iterable[Lot]) -> tuple[Lot, ...]:
        """Lots in the current consumption order."""
        return consumption_order(lots, last_day_of=self.last_day_of)

    def _spendable_lots(self, *, at: datetime, rank: Callable[[Lot], int] | None) -> list[Lot]:
        """The lots that can be spent at an instant: lowest `rank` first, then in consumption order."""
        available = self.in_consumption_order(lot for lot in self.free_lots() if lot.available_from <= at)
        return list(available) if rank is None else sorted(available, key=rank)

    def _draw_from(self, id: str, points: int, *, lots: Iterable[Lot], allow_negative: bool) -> tuple[Draw, ...]:
        draws = []
        for lot in lots:
            if not points:
                break
            part = min(points, lot.free)
            if part > 0:
                draws.append(Draw(lot.id, part))
                self._change_remaining(lot.id, -part)
                points -= part
        if points and allow_negative:
            draws.append(Draw(DEBT, points))
            self.indebted_events.append(id)
        self.draws_by_event[id] = tuple(draws)
        return self.draws_by_event[id]

    def _free_points(self, lot_id: str) -> int:
        return self.lots[lot_id].free if lot_id in self.lots else 0

    def _change_remaining(self, lot_id: str, points: int) -> None:
        lot = self.lots[lot_id]
        self._store(lot._replace(remaining=lot.remaining + points))

    def _store(self, lot: Lot) -> None:
        self.lots[lot.id] = lot
        if lot.free:
            self._lots_with_free_points[lot.id] = None
        else:
            self._lots_with_free_points.pop(lot.id, None)
