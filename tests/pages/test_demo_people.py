"""The made-up people on the first screen of `make demo`, on both databases."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape

import pytest

from app.cli.demo_people import ADA, BEN, MEI, PEOPLE, enrol_people
from app.pages.people import MadeUpPerson
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.programs.create_program import NewProgram
from tests.pages.reading import read
from tests.shop import Shop, create_program, new_id, open_shop, real_now


def enrolled(url: str, program: NewProgram) -> None:
    """Enrols the people of the demo."""

    async def run() -> None:
        database = open_database(url)
        await database.start()
        try:
            application = Application(database=database, clock=real_now, new_id=new_id)
            await enrol_people(application, program=program.program)
        finally:
            await database.stop()

    asyncio.run(run())


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """The shop of the demo, and a person whom nobody has enrolled."""
    program = create_program(database_url, name="The Teapot", listed=True)
    enrolled(database_url, program)
    with open_shop(database_url, program=program, people=[*PEOPLE, MadeUpPerson("Nobody", "000")]) as opened:
        yield opened


def people(shop: Shop, *, path: str = "/", language: str = "en") -> list[tuple[str, list[str]]]:
    """Each person on the page, and what it says of them."""
    found = re.findall(
        r'<li class="card"><h3>(.*?)</h3>(.*?)</li>', read(shop, path, language=language).text, re.DOTALL
    )
    return [(name, [unescape(line) for line in re.findall(r"<p>(.*?)</p>", lines)]) for name, lines in found]


def test_first_screen_shows_what_each_person_can_have_now(shop: Shop) -> None:
    assert people(shop) == [
        ("Ada", [f"Card {ADA.card} · 26 points", "Ada cannot have a reward yet."]),
        ("Ben", [f"Card {BEN.card} · 128 points", "Ben can have: “Coffee”."]),
        ("Mei", [f"Card {MEI.card} · 574 points", "Mei can have: “Coffee” or “Mug”."]),
    ]
    assert people(shop, language="zh-TW")[2][1] == [f"卡號 {MEI.card} · 574 點", "Mei 可兌換：「Coffee」或「Mug」。"]
    assert people(shop, path="/p/the-teapot") == people(shop)


def test_first_screen_follows_what_the_people_do(shop: Shop) -> None:
    before = read(shop, "/").headers["etag"]
    shop.redeem(BEN.card)
    assert dict(people(shop))["Ben"] == [f"Card {BEN.card} · 28 points", "Ben cannot have a reward yet."]
    assert read(shop, "/", if_none_match=before).status_code == 200


def test_no_person_is_shown_by_another_program_or_without_the_demo(shop: Shop, database_url: str) -> None:
    other = create_program(database_url, name="Other")
    assert people(shop, path=f"/p/{other.program.slug}") == []
    with open_shop(database_url, program=shop.program) as plain:
        assert people(plain) == []
        assert "Made-up" not in read(plain, "/").text
