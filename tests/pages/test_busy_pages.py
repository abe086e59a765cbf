"""Pages while there is too much to do: what a reader gets, and what reading costs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.graphql_server.limits.rate_limits import RateLimit
from app.main import create_app
from app.pages.rendering import POLICY
from app.pages.routes import READ_COST
from app.store.database.connect import open_database
from app.store.database.session import Busy, Unavailable
from tests.pages.reading import HTML, heading, read
from tests.shop import create_program, new_id, open_shop, real_now


def test_reader_who_takes_too_much_waits_while_others_sign_in(sqlite_url: str) -> None:
    program = create_program(sqlite_url, name="The Teapot", listed=True)
    limit = RateLimit(capacity=200 * READ_COST, restored=0.001)
    with open_shop(sqlite_url, program=program, admission_limit=limit) as shop:
        pages = []
        while not pages or pages[-1].status_code == 200:
            pages.append(read(shop, "/terms", language="de"))
        assert 2 < len(pages) <= 201
        refused = read(shop, "/terms", language="zh-TW")
        assert (refused.status_code, heading(refused)) == (429, "系統忙碌中")
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["cache-control"] == "no-store"
        assert refused.headers["content-security-policy"] == POLICY
        assert read(shop, "/p/nobody").status_code == 429
        assert read(shop, "/pages/pages.css").status_code == 200
        assert shop.execute("{ viewer { role } }") == {"viewer": {"role": "TILL"}}


@pytest.mark.parametrize("trouble", [Busy(3.2), Unavailable("ada@example.com")], ids=["busy", "unavailable"])
async def test_reader_is_told_to_come_back_while_the_database_cannot_answer(
    sqlite_url: str, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(sqlite_url)

    async def failing(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(database, "read_across_programs", failing)
    app = create_app(database, clock=real_now, new_id=new_id)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        for path in ("/", "/terms", "/p/shop"):
            page = await client.get(path, headers={"Accept": HTML, "Accept-Language": "de"})
            assert (page.status_code, heading(page)) == (503, "Gerade überlastet")
            assert page.headers["retry-after"] == ("4" if isinstance(trouble, Busy) else "1")
            assert page.headers["cache-control"] == "no-store"
            assert "ada" not in page.text
        assert (await client.get("/pages/pages.css")).status_code == 200


def test_many_versions_and_regions_do_not_fill_the_memory(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    from app.pages import rendering

    monkeypatch.setattr(rendering, "MAX_CACHED_PAGES", 3)
    original = rendering.PageRenderer._render

    def counting(self: Any, template: str, **more: Any) -> Any:
        rendered.append(self)
        return original(self, template, **more)

    monkeypatch.setattr(rendering.PageRenderer, "_render", counting)
    program = create_program(sqlite_url, name="The Teapot", listed=True)
    regions = ("en-GB", "en-US", "en-AU", "en-CA", "en-IN", "de", "de-AT")
    with open_shop(sqlite_url, program=program) as shop:
        for region in regions:
            assert read(shop, f"/terms?locale={region}").status_code == 200
        assert len(rendered) == len(regions)
        assert read(shop, "/terms?locale=de-AT").status_code == 200
        assert len(rendered) == len(regions)
        assert len(rendered[0]._pages) == 3
