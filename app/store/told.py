"""What was recorded of a wallet, and the versions of the terms that it is told under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.story import Story
from app.store import terms
from app.store.accounts import NO_EVIDENCE, Account
from app.store.expiry_notices import ExpiryNotice
from app.store.mergers import Merger
from app.store.purchases import Purchase
from app.store.redemptions import Redemption
from app.store.refunds import Refund
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version of the terms by number, and those that came or will come into force, oldest first."""

    all: Mapping[int, Terms]
    standing: tuple[Terms, ...]


@dataclass(slots=True)
class Told:
    """What was recorded of a wallet: its story, the rows behind it by id, and their digest.

    `account` is that of the wallet's points, `others` are those of other units; `absorbed` are the wallets that went over
    into it.
    """

    account: Account
    story: Story
    others: Mapping[Unit, Account] = field(default_factory=dict)
    evidence: str = NO_EVIDENCE
    purchases: dict[str, Purchase] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    notices: tuple[ExpiryNotice, ...] = ()
    absorbed: tuple[Told, ...] = ()
    gone: Merger | None = None
    """How the account went over into another one."""

    @property
    def accounts(self) -> dict[Unit, Account]:
        """The accounts of the wallet, by unit."""
        return {Unit.POINTS: self.account, **self.others}


async def versions_of(session: Session, *, program_id: str) -> Versions:
    """The versions of a program's terms."""
    every = await terms.all_versions(session, program_id=program_id)
    gone = await terms.withdrawals(session, program_id=program_id) if len(every) > 1 else {}
    standing = sorted((one for one in every if one.version not in gone), key=lambda one: one.effective_from)
    return Versions(all={one.version: one for one in every}, standing=tuple(standing))
