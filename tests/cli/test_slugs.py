"""`troth init`: the program's name in public addresses, and whether it is listed."""

from __future__ import annotations

import json

from tests.cli.command import troth
from tests.pages.reading import heading, read
from tests.shop import create_program, open_shop


def test_init_chooses_a_slug_or_takes_one_and_lists_live_programs_only(empty_sqlite_url: str) -> None:
    url = empty_sqlite_url
    made = [
        json.loads(troth("init", "--json", *options, url=url))["slug"]
        for options in (
            ["--name", "Café Größe"],
            ["--name", "Café Größe", "--sandbox"],
            ["--name", "茶壺", "--slug", "the-teapot", "--unlisted"],
            ["--name", "Tryout", "--sandbox", "--listed"],
        )
    ]
    assert made == ["cafe-groesse", "cafe-groesse-2", "the-teapot", "tryout"]
    assert "Its terms, for anybody to read: /p/our-shop/terms" in troth("init", "--unlisted", url=url)
    taken = troth("init", "--slug", "tryout", url=url, code=1)
    assert "another program has the slug 'tryout'" in taken
    wrong = troth("init", "--slug", "Try out", url=url, code=1)
    assert "the slug of a program:" in wrong
    assert "3" in wrong
    assert "40" in wrong
    assert "least=" not in wrong
    with open_shop(url, program=create_program(url, slug="not-listed")) as shop:
        page = read(shop, "/")
        assert heading(page) == "Loyalty programs"
        assert [name in page.text for name in ("Café Größe", "Tryout", "茶壺", "Our shop")] == [
            True,
            True,
            False,
            False,
        ]
        assert page.text.count('class="name"') == 2
