"""The recorded history of a wallet: its events and the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.customers.merger import Merger
from app.domain.ledger.account import EMPTY_DIGEST, Account
from app.domain.ledger.expiry_notice import ExpiryNotice
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.refund import Refund
from app.domain.rewards.redemption import Redemption
from app.domain.units import Unit
from app.domain.wallets.history import EventHistory


@dataclass(slots=True)
class RecordedHistory:
    """The recorded events of a wallet, their rows by id, and the digest of all of them.

    `account` is the points account of the wallet, `other_accounts` are those of other units. `absorbed_histories` are those
    of the wallets merged into it.
    """

    account: Account
    history: EventHistory
    other_accounts: Mapping[Unit, Account] = field(default_factory=dict)
    events_digest: str = EMPTY_DIGEST
    purchases: dict[str, Purchase] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    notices: tuple[ExpiryNotice, ...] = ()
    absorbed_histories: tuple[RecordedHistory, ...] = ()
    ending_merger: Merger | None = None
    """The merger that ended the wallet, if there was one."""

    @property
    def accounts(self) -> dict[Unit, Account]:
        """All accounts of the wallet, by unit."""
        return {Unit.POINTS: self.account, **self.other_accounts}
