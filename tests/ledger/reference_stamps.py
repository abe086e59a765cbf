"""The reference's stamps, each an object: available at once, never expiring, and owed where a refund finds none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from tests.ledger.reference_lots import FREE, GONE, HELD, Point


@dataclass(slots=True)
class StampLot:
    """The stamps of one visit. `earlier_ids` are its ids before merges."""

    id: str
    earned_at: datetime
    stamps: list[Point]
    earlier_ids: set[str] = field(default_factory=set)

    def count(self, *states: str) -> int:
        return sum(stamp.state in states for stamp in self.stamps)


@dataclass(slots=True)
class StampCard:
    """All stamps of a wallet; `debts` has one entry for each owed stamp, oldest first, with the event that caused it."""

    lots: list[StampLot] = field(default_factory=list)
    debts: list[str] = field(default_factory=list)
    holds: dict[str, datetime] = field(default_factory=dict)
    consumed: dict[str, list[Point]] = field(default_factory=dict)
    lifetime: int = 0

    @staticmethod
    def stamp_lot_id(event_id: str) -> str:
        """The id of the stamps that an event added; the event's own id is that of its points."""
        return str(uuid5(UUID(event_id), "stamps"))

    def free(self, *, own_lot: str = "") -> list[Point]:
        """The free stamps, oldest first; those of `own_lot` before all others."""
        rows = sorted(self.lots, key=lambda row: (own_lot not in {row.id, *row.earlier_ids}, row.earned_at, row.id))
        return [stamp for row in rows for stamp in row.stamps if stamp.state == FREE]

    def add_lot(self, event_id: str, count: int, *, at: datetime) -> None:
        self.lots.append(StampLot(self.stamp_lot_id(event_id), at, [Point() for _ in range(count)]))
        self.lifetime += count

    def consume(self, id: str, count: int, *, own_lot: str = "") -> None:
        """Takes stamps; missing ones become a debt."""
        self.consumed[id] = self.free(own_lot=own_lot)[:count]
        for point in self.consumed[id]:
            point.state, point.by = GONE, id
        self.debts += [id] * (count - len(self.consumed[id]))

    def repay_debts(self) -> None:
        for point in self.free()[: len(self.debts)]:
            point.state, point.by = GONE, self.debts.pop(0)
            self.consumed[point.by].append(point)

    def hold(self, id: str, count: int, *, until: datetime) -> None:
        self.holds[id] = until
        for point in self.free()[:count]:
            point.state, point.by = HELD, id

    def release_holds(self, at: datetime) -> None:
        """Releases what holds that have ended reserved."""
        for id in [id for id, until in self.holds.items() if until <= at]:
            del self.holds[id]
            self.release(id, HELD)

    def reverse(self, id: str) -> int:
        """Reverses a spending; returns how many stamps came back or are no longer owed."""
        owed = self.debts.count(id)
        self.debts = [text for text in self.debts if text != id]
        return owed + self.release(id, GONE)

    def release(self, id: str, state: str) -> int:
        back = [stamp for row in self.lots for stamp in row.stamps if (stamp.state, stamp.by) == (state, id)]
        for point in back:
            point.state, point.by = FREE, ""
        return len(back)

    def restore(self, id: str, count: int) -> None:
        """Restores stamps of a spending in reverse order, after cancelling its debts."""
        for _ in range(count):
            if id in self.debts:
                self.debts.remove(id)
            else:
                first = self.consumed[id].pop()
                first.state, first.by = FREE, ""

    def absorb(self, event_id: str, other: StampCard) -> None:
        for row in other.lots:
            row.earlier_ids.add(row.id)
            row.id = str(uuid5(UUID(event_id), row.id))
        self.lots += other.lots
        self.debts += other.debts
        self.holds |= other.holds
        self.consumed |= other.consumed
        self.lifetime += other.lifetime
