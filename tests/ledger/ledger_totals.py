"""A ledger that keeps only sums, and that is corrected like the real one: missing postings are added, excess ones
reversed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.ledger.lots import Draw
from app.domain.wallets.postings import Posting, PostingKey, excess_draws, missing_postings
from app.domain.wallets.wallet import Wallet


def expected_postings(wallet: Wallet) -> dict[str, list[Posting]]:
    """The postings of a wallet and of all wallets merged into it, by account."""
    found = {
        f"{wallet.account_id} {unit}": unit_account.postings for unit, unit_account in wallet.unit_accounts.items()
    }
    for other in wallet.merged_wallets:
        found |= expected_postings(other)
    return found


@dataclass(slots=True)
class LedgerTotals:
    """The points drawn by subject and lot, for each account."""

    recorded: dict[str, dict[PostingKey, dict[str, int]]] = field(default_factory=dict)

    def record(self, expected: Mapping[str, Sequence[Posting]]) -> int:
        """Appends the missing postings and reverses the excess ones; returns the number of entries."""
        count = 0
        for account in {**self.recorded, **expected}:
            recorded = self.recorded.setdefault(account, {})
            lacking = [
                (posting.key, posting.draws) for posting in missing_postings(expected.get(account, ()), booked=recorded)
            ]
            for subject, draws in (*excess_draws(expected.get(account, ()), booked=recorded).items(), *lacking):
                self._append(recorded.setdefault(subject, {}), draws)
                count += 1
        return count

    def sums(self) -> dict[tuple[str, PostingKey], dict[str, int]]:
        """The final sums, without postings that were reversed entirely."""
        found = {}
        for account, recorded in self.recorded.items():
            for subject, drawn in recorded.items():
                if left := {lot: points for lot, points in drawn.items() if points}:
                    found[account, subject] = left
        return found

    @staticmethod
    def _append(drawn: dict[str, int], draws: Sequence[Draw]) -> None:
        for draw in draws:
            drawn[draw.lot_id] = drawn.get(draw.lot_id, 0) + draw.points
