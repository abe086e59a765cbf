"""The figures, days and clause numbers in the sentences about a wallet's history equal those of the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.decisions import Decision
from app.domain.engine.redemption import redeem
from app.domain.engine.tiers import kept_tier_reason, tier_decision
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.ledger.entries import EntryType
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, RewardRedeemed
from app.domain.wallets.pending_points import pending_points_of_wallet
from app.domain.wallets.unit_account import terms_at
from app.domain.wallets.wallet import Wallet, replay
from tests.builders import a_purchase
from tests.ledger import expected_sentences
from tests.ledger.history_strategies import (
    EVENT_DRAFTS,
    MERGE_PLANS,
    EventDraft,
    HistoryBuilder,
    MergePlan,
    build_history,
)
from tests.ledger.reference import ReferenceWallet, replay_reference
from tests.ledger.reference_changes import (
    PaymentRestored,
    PointsActivated,
    PointsClawedBack,
    PointsExpired,
    PointsMoved,
    PurchaseEarned,
    RedemptionUndone,
    TierChanged,
    WalletChange,
)
from tests.ledger.terms_strategies import CLAUSES, LONDON, START, Drawn, clauses_of
from tests.sentence_reader import figures_of
from tests.soak_settings import property_settings

TREAT = "treat"
"""A reward that is bought with points."""


def terms_of(version: int, day: int, drawn: Drawn, rate: int, price: int) -> Terms:
    """Terms of the ledger's tests with a reward for points, and a rate of points for each £10."""
    clauses = [
        (
            key,
            conditions,
            replace(effect, points=rate) if key == "spend" and isinstance(effect, PointsPerAmount) else effect,
        )
        for key, conditions, effect in clauses_of(drawn)
    ]
    return Terms.from_draft(
        version=version,
        effective_from=START + timedelta(days=day),
        currency="GBP",
        zone=LONDON,
        clauses=[*clauses, (TREAT, (), RewardCost(TREAT, price, "Treat no. 7"))],
        allow_unenforced=True,
    )


VERSIONS = st.builds(
    lambda first, second, day, rate, price: (
        terms_of(1, -400, first, rate, price),
        *([terms_of(2, day, second, rate, price)] if second is not None else []),
    ),
    CLAUSES,
    st.none() | CLAUSES,
    st.integers(1, 400),
    st.sampled_from([1, 1, 137]),
    st.sampled_from([1, 7, 25, 1500]),
)


def history_with_treats(versions: Sequence[Terms], plan: MergePlan, drafts: Sequence[EventDraft]) -> HistoryBuilder:
    """A history in which points are redeemed for a treat."""
    builder = build_history(versions, plan, drafts)
    builder.events = [
        (
            replace(event, reward=TREAT)
            if isinstance(event, RewardRedeemed | HoldPlaced) and not event.reward
            else event,
            who,
        )
        for event, who in builder.events
    ]
    return builder


HISTORIES = st.builds(
    history_with_treats,
    VERSIONS,
    MERGE_PLANS,
    st.lists(EVENT_DRAFTS, min_size=1, max_size=4) | st.lists(EVENT_DRAFTS, min_size=8, max_size=16),
)
Subject = tuple[Any, ...]
"""What a sentence is about: the type of the entry, the event or lot, the time, and the unit."""


def core_decisions(wallet: Wallet) -> Iterator[tuple[Subject, Decision, Terms]]:
    """Every decision in the ledger of a wallet except redemptions, which are decided at the till."""
    terms = {version.version: version for version in wallet.versions}
    for unit, unit_account in wallet.unit_accounts.items():
        for posting in unit_account.postings:
            if posting.key.type is not EntryType.REDEEM and (
                unit is Unit.POINTS or posting.decision.reasons or posting.decision.stamps
            ):
                subject = (posting.key.type, posting.key.id, posting.at, unit)
                yield subject, posting.decision, terms[posting.decision.terms_version]
    for change in wallet.tier_changes:
        yield ("tier", change.after, change.at), tier_decision(change), change.terms


def reference_changes(wallet: ReferenceWallet) -> Iterator[tuple[Subject, WalletChange]]:
    """The changes that the reference recorded, by the same subjects."""
    for change in wallet.changes:
        match change:
            case PurchaseEarned() | PointsClawedBack():
                kind = EntryType.EARN if isinstance(change, PurchaseEarned) else EntryType.CLAWBACK
                yield (kind, change.id, change.at, Unit.POINTS), change
                if change.terms.stamp_clauses:
                    yield (kind, change.id, change.at, Unit.STAMPS), change
            case PaymentRestored() | RedemptionUndone():
                yield (EntryType.REVERSAL, change.id, change.at, change.unit), change
            case PointsActivated():
                yield (EntryType.ACTIVATE, change.lot, change.at, Unit.POINTS), change
            case PointsExpired():
                yield (EntryType.EXPIRE, change.lot, change.at, Unit.POINTS), change
            case PointsMoved() if change.amount or change.unit is Unit.POINTS:
                yield (change.type, change.id, change.at, change.unit), change
            case TierChanged():
                yield ("tier", change.after, change.at), change


def assert_figures(decision: Decision, change: WalletChange, *, terms: Terms) -> None:
    """Checks the figures of every reason, remedy and summary in all languages."""
    expected, explained = expected_sentences.expected_explanation(change), Explanation.of(decision, terms=terms)
    for locale in Locale:
        assert actual_figures(decision, explained, locale, expected) == expected_figures(expected.sentences)
        short = summary(decision, terms=terms, phrasebook=phrasebook_in(locale))
        if expected.summary is not None:
            assert [_figures(text, locale, expected) for text in short] == [
                Counter(value) for value in expected.summary
            ], short
        assert 1 <= len(short) <= 3


def expected_figures(said: Sequence[expected_sentences.ExpectedSentence]) -> list[Any]:
    """The figures of sentences, in any order."""
    return [
        (sentence.clause, Counter(sentence.figures), [Counter(remedy) for remedy in sentence.remedies])
        for sentence in said
    ]


def actual_figures(
    decision: Decision, explained: Explanation, locale: Locale, expected: expected_sentences.ExpectedExplanation
) -> list[Any]:
    """The figures of every reason of a decision, and of its remedies, read from their sentences."""
    phrasebook = phrasebook_in(locale)
    return [
        (
            reason.clause_key,
            _figures(explained.statement(reason, phrasebook=phrasebook), locale, expected),
            _remedy_figures(explained, reason, locale, expected),
        )
        for reason in decision.reasons
    ]


def _figures(sentence: str, locale: Locale, expected: expected_sentences.ExpectedExplanation) -> Any:
    return figures_of(sentence, locale=locale, today=expected.today)


def _remedy_figures(
    explained: Explanation, reason: Any, locale: Locale, expected: expected_sentences.ExpectedExplanation
) -> Any:
    phrasebook = phrasebook_in(locale)
    return [
        _figures(explained.remedy(remedy, reason=reason, phrasebook=phrasebook), locale, expected)
        for remedy in reason.finding.remedies
    ]


def assert_all_figures(core_wallet: Wallet, wallet: ReferenceWallet) -> None:
    """Checks a wallet and those merged into it."""
    found: dict[Subject, list[tuple[Decision, Terms]]] = {}
    for subject, decision, terms in core_decisions(core_wallet):
        found.setdefault(subject, []).append((decision, terms))
    changes: dict[Subject, list[WalletChange]] = {}
    for subject, change in reference_changes(wallet):
        changes.setdefault(subject, []).append(change)
    assert {subject: len(decisions) for subject, decisions in found.items()} == {
        subject: len(many) for subject, many in changes.items()
    }
    for subject, decisions in found.items():
        for (decision, terms), change in zip(decisions, changes[subject], strict=True):
            assert_figures(decision, change, terms=terms)
    for inner, other in zip(core_wallet.merged_wallets, wallet.merged_wallets, strict=True):
        assert_all_figures(inner, other)


@property_settings(40)
@given(builder=HISTORIES, day=st.integers(0, 1000))
def test_figures_about_a_history_equal_the_references(builder: HistoryBuilder, day: int) -> None:
    note(repr(builder))
    until = START + timedelta(days=day)
    history = builder.history_of(builder.events, until=until)
    assert_all_figures(
        replay(history, versions=builder.versions, until=until), replay_reference(history, builder.versions, until)
    )


@property_settings(30)
@given(builder=HISTORIES, day=st.integers(0, 400))
def test_figures_about_a_reward_price_equal_the_references(builder: HistoryBuilder, day: int) -> None:
    note(repr(builder))
    until = START + timedelta(days=day)
    history = builder.history_of(builder.events, until=until)
    core_wallet, wallet = (
        replay(history, versions=builder.versions, until=until),
        replay_reference(history, builder.versions, until),
    )
    terms = terms_at(core_wallet.versions, at=until)
    balance = core_wallet.point_account.inventory.balance(at=until)
    clause, facts = terms.clause_by_key[TREAT], a_purchase(at=until)
    foreseen = pending_points_of_wallet(core_wallet, terms=terms, at=until).activations_for(clause)
    decision = redeem(
        terms=terms, clause=clause, facts=facts, available=balance.available, owed=balance.owed, activations=foreseen
    )
    expected = expected_sentences.price_explanation(wallet, terms=terms, key=TREAT, at=until)
    explained = Explanation.of(decision, terms=terms)
    for locale in Locale:
        assert actual_figures(decision, explained, locale, expected) == expected_figures(expected.sentences)


@property_settings(30)
@given(builder=HISTORIES, day=st.integers(0, 1000))
def test_figures_about_a_tier_in_grace_equal_the_references(builder: HistoryBuilder, day: int) -> None:
    until = START + timedelta(days=day)
    history = builder.history_of(builder.events, until=until)
    core_wallet, wallet = (
        replay(history, versions=builder.versions, until=until),
        replay_reference(history, builder.versions, until),
    )
    terms = terms_at(core_wallet.versions, at=until)
    for id, membership in core_wallet.memberships.items():
        points = membership.qualifying_points.deciding_points(terms=terms, at=until)
        reason = kept_tier_reason(membership.tier, qualifying_points=points, terms=terms)
        expected = expected_sentences.kept_tier_figures(wallet.customers[id], terms=terms, at=until)
        assert (reason is None) == (expected is None)
        if reason is None or expected is None:
            continue
        for locale in Locale:
            statement = Explanation((reason,), terms, until, terms.zone).statement(
                reason, phrasebook=phrasebook_in(locale)
            )
            assert figures_of(statement, locale=locale, today=until.date()) == Counter(expected)
