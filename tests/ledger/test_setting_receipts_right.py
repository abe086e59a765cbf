"""A receipt that was set right: the wallet is as if it had been right from the beginning, and the past as it was known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from hypothesis import assume, given, note
from hypothesis import strategies as st

from app.domain.wallets.course import unfold
from app.domain.wallets.happenings import Bought, Corrected
from app.domain.wallets.story import Joined, Story
from tests.builders import a_line
from tests.ledger.books import Books, wanted_of
from tests.ledger.comparing import of_core, of_reference, unlike
from tests.ledger.reference import tell
from tests.ledger.soaking import moderately
from tests.ledger.some_terms import START
from tests.ledger.stories import AUTHORS, MANY_RETURNS, Author, an_id

LATER = START + timedelta(days=950)
LATEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""After every id: a correction comes after all that it sets right."""


class Mistake(NamedTuple):
    """A purchase as it was recorded, as it should have been (None: for somebody else), and whose it was taken for."""

    wrong: Bought
    right: Bought | None
    customer_id: str


def mistaken(author: Author, *, pick: int, price: int) -> Mistake | None:
    """One of the purchases with another price; one of which nothing came back may never have been there."""
    bound = {getattr(fact, "purchase_id", "") for fact, _ in author.facts}
    there = {fact.id for fact in facts_in(as_told(author)) if isinstance(fact, Bought)}
    there -= bound if not price else set()
    bought = [(fact, who) for fact, who in author.facts if isinstance(fact, Bought) and fact.id in there]
    if not bought:
        return None
    wrong, who = bought[pick % len(bought)]
    lines = (a_line(1, price=f"{price}.00", quantity="3" if wrong.id in bound else "1"),)
    # What came back of other lines must still be there.
    facts = replace(wrong.facts, lines=(*lines, *(wrong.facts.lines[1:] if wrong.id in bound else ())), payments=())
    return Mistake(wrong, replace(wrong, facts=facts) if price else None, who)


def as_told(author: Author) -> Story:
    """All that has happened by the moment at which it is looked at."""
    return author.story_of(author.facts, until=LATER)


def set_right(story: Story, mistake: Mistake) -> Story:
    """The story as it is told after the correction."""
    fact = Corrected(LATEST_ID, mistake.wrong.id, mistake.wrong.at, mistake.wrong)
    return story.correcting(fact, now=mistake.right, customer_id=mistake.customer_id)


def facts_in(story: Story) -> Iterator[object]:
    """Every fact, whichever wallet's it was."""
    for fact in story.facts:
        if isinstance(fact, Joined):
            yield fact.id
            yield from facts_in(fact.story)
        else:
            yield fact


def other_facts(author: Author, mistake: Mistake) -> Story:
    """The story that would have been told if the receipt had been right from the beginning."""
    kept = [(fact, who) for fact, who in author.facts if fact.id != mistake.wrong.id]
    return author.story_of([*kept, *([(mistake.right, mistake.customer_id)] if mistake.right else [])], until=LATER)


@moderately(120)
@given(author=AUTHORS | MANY_RETURNS, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_a_wallet_is_as_if_the_receipt_had_always_been_right(author: Author, pick: int, price: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    story = set_right(as_told(author), mistake)
    right = unfold(other_facts(author, mistake), versions=author.versions, until=LATER)
    course = unfold(story, versions=author.versions, until=LATER)
    assert of_core(course, LATER) == of_core(right, LATER)
    assert unlike(of_core(course, LATER), of_reference(tell(story, author.versions, LATER), LATER)) == {}

    books, once = Books(), Books()
    books.record(wanted_of(unfold(as_told(author), versions=author.versions, until=LATER)))
    books.record(wanted_of(course))
    assert books.record(wanted_of(course)) == 0
    once.record(wanted_of(right))
    assert books.sums() == once.sums()


@moderately(80)
@given(author=AUTHORS, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_what_was_known_before_is_still_known(author: Author, pick: int, price: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    story, before = set_right(as_told(author), mistake), an_id("before")
    then, as_it_was = story.known_by("fffffffe"), as_told(author).known_by("fffffffe")
    assert {repr(one) for one in facts_in(then)} == {repr(one) for one in facts_in(as_it_was)}
    assert {repr(one) for one in facts_in(story.known_by(before))} == {
        repr(one) for one in facts_in(as_told(author).known_by(before))
    }
    assert {repr(one) for one in facts_in(story.known_by(LATEST_ID))} == {repr(one) for one in facts_in(story)}


@moderately(40)
@given(author=AUTHORS, pick=st.integers(0, 99))
def test_what_came_to_a_wallet_by_a_correction_was_unknown_before(author: Author, pick: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=0)
    assume(mistake is not None)
    assert mistake is not None
    without = other_facts(author, mistake)
    moved = replace(mistake.wrong, moved_by=LATEST_ID)
    came = Corrected(LATEST_ID, moved.id, moved.at, None)
    story = without.correcting(came, now=moved, customer_id=mistake.customer_id)
    assert {repr(one) for one in facts_in(story.known_by("fffffffe"))} == {
        repr(one) for one in facts_in(without.known_by("fffffffe"))
    }
    here, there = (unfold(one, versions=author.versions, until=LATER) for one in (as_told(author), story))
    assert moved.lot_id != moved.id
    assert of_core(there, LATER)["balance"]["lifetime"] == of_core(here, LATER)["balance"]["lifetime"]
