"""The reference's stamps, each an object: they come at once, never go by themselves, and are owed where a refund finds none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from tests.ledger.reference_lots import FREE, GONE, HELD, Point


@dataclass(slots=True)
class Row:
    """The stamps of one visit. `names` are its ids in other wallets."""

    id: str
    earned_at: datetime
    stamps: list[Point]
    names: set[str] = field(default_factory=set)

    def count(self, *states: str) -> int:
        return sum(stamp.state in states for stamp in self.stamps)


@dataclass(slots=True)
class Card:
    """All stamps of a wallet; `owed` has one mark for each that is owed, oldest first, with what it is owed for."""

    rows: list[Row] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    holds: dict[str, datetime] = field(default_factory=dict)
    order: dict[str, list[Point]] = field(default_factory=dict)
    lifetime: int = 0

    @staticmethod
    def row_of(fact_id: str) -> str:
        """The id of the stamps that a fact brought: the fact's own is that of its points."""
        return str(uuid5(UUID(fact_id), "stamps"))

    def free(self, *, own: str = "") -> list[Point]:
        """The oldest first; before them those of one row, wherever it came from."""
        rows = sorted(self.rows, key=lambda row: (own not in {row.id, *row.names}, row.earned_at, row.id))
        return [stamp for row in rows for stamp in row.stamps if stamp.state == FREE]

    def come(self, fact_id: str, count: int, *, at: datetime) -> None:
        self.rows.append(Row(self.row_of(fact_id), at, [Point() for _ in range(count)]))
        self.lifetime += count

    def take(self, id: str, count: int, *, own: str = "") -> None:
        """Stamps go; what is not there is owed."""
        self.order[id] = self.free(own=own)[:count]
        for point in self.order[id]:
            point.state, point.by = GONE, id
        self.owed += [id] * (count - len(self.order[id]))

    def pay(self) -> None:
        for point in self.free()[: len(self.owed)]:
            point.state, point.by = GONE, self.owed.pop(0)
            self.order[point.by].append(point)

    def hold(self, id: str, count: int, *, until: datetime) -> None:
        self.holds[id] = until
        for point in self.free()[:count]:
            point.state, point.by = HELD, id

    def let_go(self, at: datetime) -> None:
        """What was held until now is free."""
        for id in [id for id, until in self.holds.items() if until <= at]:
            del self.holds[id]
            self.come_back(id, HELD)

    def undo(self, id: str) -> int:
        """Answers with how many came back, or are owed no more."""
        owed = self.owed.count(id)
        self.owed = [text for text in self.owed if text != id]
        return owed + self.come_back(id, GONE)

    def come_back(self, id: str, state: str) -> int:
        back = [stamp for row in self.rows for stamp in row.stamps if (stamp.state, stamp.by) == (state, id)]
        for point in back:
            point.state, point.by = FREE, ""
        return len(back)

    def give_back(self, id: str, count: int) -> None:
        """In reverse order of taking, what was owed for it first."""
        for _ in range(count):
            if id in self.owed:
                self.owed.remove(id)
            else:
                first = self.order[id].pop()
                first.state, first.by = FREE, ""

    def join(self, fact_id: str, other: Card) -> None:
        for row in other.rows:
            row.names.add(row.id)
            row.id = str(uuid5(UUID(fact_id), row.id))
        self.rows += other.rows
        self.owed += other.owed
        self.holds |= other.holds
        self.order |= other.order
        self.lifetime += other.lifetime
