"""What was recorded of a wallet: its history and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.units import Unit
from app.domain.wallets.history import EventHistory
from app.store.customers.mergers import Merger
from app.store.ledger.accounts import NO_EVIDENCE, Account
from app.store.ledger.expiry_notices import ExpiryNotice
from app.store.purchases.purchases import Purchase
from app.store.purchases.refunds import Refund
from app.store.rewards.redemptions import Redemption


@dataclass(slots=True)
class RecordedHistory:
    """What was recorded of a wallet: its story, the rows behind it by id, and their digest.

    `account` is that of the wallet's points, `others` are those of other units; `absorbed` are the wallets that went over
    into it.
    """

    account: Account
    history: EventHistory
    others: Mapping[Unit, Account] = field(default_factory=dict)
    evidence: str = NO_EVIDENCE
    purchases: dict[str, Purchase] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    notices: tuple[ExpiryNotice, ...] = ()
    merged: tuple[RecordedHistory, ...] = ()
    merged_away: Merger | None = None
    """How the account went over into another one."""

    @property
    def accounts(self) -> dict[Unit, Account]:
        """The accounts of the wallet, by unit."""
        return {Unit.POINTS: self.account, **self.others}
