"""Every figure, day and clause number that is said of a wallet's history is one that the reference comes to without it."""

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
from app.domain.i18n import wording
from app.domain.i18n.readers import Locale
from app.domain.ledger.entries import EntryType
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, RewardRedeemed
from app.domain.wallets.pending import pending_points
from app.domain.wallets.wallet import Wallet, replay
from tests.builders import a_purchase
from tests.ledger import sentences
from tests.ledger.history_strategies import (
    EVENT_DRAFTS,
    MERGE_PLANS,
    EventDraft,
    HistoryBuilder,
    MergePlan,
    build_history,
)
from tests.ledger.reference import ReferenceWallet, replay_reference
from tests.ledger.reference_sentences import (
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
from tests.soak_settings import moderately

TREAT = "treat"
"""A reward that is bought with points."""


def terms_of(version: int, day: int, drawn: Drawn, rate: int, price: int) -> Terms:
    """Terms of the ledger's tests with a reward for points, and so many points for each £10."""
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


def told(versions: Sequence[Terms], plan: MergePlan, deeds: Sequence[EventDraft]) -> HistoryBuilder:
    """A history in which points buy a treat."""
    author = build_history(versions, plan, deeds)
    author.events = [
        (
            replace(event, reward=TREAT)
            if isinstance(event, RewardRedeemed | HoldPlaced) and not event.reward
            else event,
            who,
        )
        for event, who in author.events
    ]
    return author


HISTORIES = st.builds(
    told,
    VERSIONS,
    MERGE_PLANS,
    st.lists(EVENT_DRAFTS, min_size=1, max_size=4) | st.lists(EVENT_DRAFTS, min_size=8, max_size=16),
)
Place = tuple[Any, ...]
"""What a sentence is about: the type of the entry, the fact or lot, the time, and the unit."""


def of_core(wallet: Wallet) -> Iterator[tuple[Place, Decision, Terms]]:
    """Every decision in the ledger of a wallet, but for redemptions, which are decided before."""
    terms = {version.version: version for version in wallet.versions}
    for unit, unit_account in wallet.unit_accounts.items():
        for posting in unit_account.postings:
            if posting.key.type is not EntryType.REDEEM and (
                unit is Unit.POINTS or posting.decision.reasons or posting.decision.stamps
            ):
                place = (posting.key.type, posting.key.id, posting.at, unit)
                yield place, posting.decision, terms[posting.decision.terms_version]
    for change in wallet.tier_changes:
        yield ("tier", change.after, change.at), tier_decision(change), change.terms


def of_reference(wallet: ReferenceWallet) -> Iterator[tuple[Place, WalletChange]]:
    """The same from what the reference noted."""
    for noted in wallet.changes:
        match noted:
            case PurchaseEarned() | PointsClawedBack():
                kind = EntryType.EARN if isinstance(noted, PurchaseEarned) else EntryType.CLAWBACK
                yield (kind, noted.id, noted.at, Unit.POINTS), noted
                if noted.terms.stamp_clauses:
                    yield (kind, noted.id, noted.at, Unit.STAMPS), noted
            case PaymentRestored() | RedemptionUndone():
                yield (EntryType.REVERSAL, noted.id, noted.at, noted.unit), noted
            case PointsActivated():
                yield (EntryType.ACTIVATE, noted.lot, noted.at, Unit.POINTS), noted
            case PointsExpired():
                yield (EntryType.EXPIRE, noted.lot, noted.at, Unit.POINTS), noted
            case PointsMoved() if noted.amount or noted.unit is Unit.POINTS:
                yield (noted.type, noted.id, noted.at, noted.unit), noted
            case TierChanged():
                yield ("tier", noted.after, noted.at), noted


def assert_said(decision: Decision, noted: WalletChange, *, terms: Terms) -> None:
    """Every reason, remedy and the summary has the figures that it must have, in all languages."""
    wanted, explained = sentences.expected_explanation(noted), Explanation.of(decision, terms=terms)
    for locale in Locale:
        assert spoken(decision, explained, locale, wanted) == counted(wanted.sentences)
        short = summary(decision, terms=terms, say=wording(locale))
        if wanted.summary is not None:
            assert [_figures(text, locale, wanted) for text in short] == [Counter(value) for value in wanted.summary], (
                short
            )
        assert 1 <= len(short) <= 3


def counted(said: Sequence[sentences.ExpectedSentence]) -> list[Any]:
    """The figures of sentences, in whatever order a language has them."""
    return [
        (each_said.clause, Counter(each_said.figures), [Counter(way) for way in each_said.remedies])
        for each_said in said
    ]


def spoken(
    decision: Decision, explained: Explanation, locale: Locale, wanted: sentences.ExpectedExplanation
) -> list[Any]:
    """The figures of every reason of a decision, and of its remedies, as they are read."""
    say = wording(locale)
    return [
        (
            reason.clause,
            _figures(explained.statement(reason, say=say), locale, wanted),
            _ways(explained, reason, locale, wanted),
        )
        for reason in decision.reasons
    ]


def _figures(sentence: str, locale: Locale, wanted: sentences.ExpectedExplanation) -> Any:
    return figures_of(sentence, locale=locale, today=wanted.today)


def _ways(explained: Explanation, reason: Any, locale: Locale, wanted: sentences.ExpectedExplanation) -> Any:
    say = wording(locale)
    return [_figures(explained.remedy(way, reason=reason, say=say), locale, wanted) for way in reason.finding.remedies]


def assert_all_said(course: Wallet, wallet: ReferenceWallet) -> None:
    """Of a wallet and of those that went over into it."""
    found: dict[Place, list[tuple[Decision, Terms]]] = {}
    for place, decision, terms in of_core(course):
        found.setdefault(place, []).append((decision, terms))
    noted: dict[Place, list[WalletChange]] = {}
    for place, each_noted in of_reference(wallet):
        noted.setdefault(place, []).append(each_noted)
    assert {place: len(decisions) for place, decisions in found.items()} == {
        place: len(many) for place, many in noted.items()
    }
    for place, decisions in found.items():
        for (decision, terms), each_noted in zip(decisions, noted[place], strict=True):
            assert_said(decision, each_noted, terms=terms)
    for inner, other in zip(course.merged_wallets, wallet.merged_wallets, strict=True):
        assert_all_said(inner, other)


@moderately(80)
@given(author=HISTORIES, day=st.integers(0, 1000))
def test_every_figure_said_of_a_history_is_the_references(author: HistoryBuilder, day: int) -> None:
    note(repr(author))
    until = START + timedelta(days=day)
    history = author.history_of(author.events, until=until)
    assert_all_said(
        replay(history, versions=author.versions, until=until), replay_reference(history, author.versions, until)
    )


@moderately(60)
@given(author=HISTORIES, day=st.integers(0, 400))
def test_a_reward_says_what_is_there_what_waits_and_what_is_owed(author: HistoryBuilder, day: int) -> None:
    note(repr(author))
    until = START + timedelta(days=day)
    history = author.history_of(author.events, until=until)
    course, wallet = (
        replay(history, versions=author.versions, until=until),
        replay_reference(history, author.versions, until),
    )
    terms = course.in_force(until)
    balance = course.points.inventory.balance(at=until)
    clause, facts = terms.clause(TREAT), a_purchase(at=until)
    foreseen = pending_points(course, terms=terms, at=until).activations_for(clause)
    decision = redeem(
        terms=terms, clause=clause, facts=facts, available=balance.available, owed=balance.owed, activations=foreseen
    )
    wanted = sentences.price_explanation(wallet, terms=terms, key=TREAT, at=until)
    explained = Explanation.of(decision, terms=terms)
    for locale in Locale:
        assert spoken(decision, explained, locale, wanted) == counted(wanted.sentences)


@moderately(60)
@given(author=HISTORIES, day=st.integers(0, 1000))
def test_a_tier_that_is_kept_says_its_points_and_until_when(author: HistoryBuilder, day: int) -> None:
    until = START + timedelta(days=day)
    history = author.history_of(author.events, until=until)
    course, wallet = (
        replay(history, versions=author.versions, until=until),
        replay_reference(history, author.versions, until),
    )
    terms = course.in_force(until)
    for id, membership in course.memberships.items():
        points = membership.qualifying.deciding_points(terms=terms, at=until)
        reason = kept_tier_reason(membership.tier, qualifying=points, terms=terms)
        wanted = sentences.kept_tier_figures(wallet.customers[id], terms=terms, at=until)
        assert (reason is None) == (wanted is None)
        if reason is None or wanted is None:
            continue
        for locale in Locale:
            statement = Explanation((reason,), terms, until, terms.zone).statement(reason, say=wording(locale))
            assert figures_of(statement, locale=locale, today=until.date()) == Counter(wanted)
