"""The public pages in a real browser: four languages, light and dark, phone and desktop, read by axe."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.cli.demo_people import PEOPLE
from app.domain.i18n.locales import Locale
from tests.chromium import open_browser
from tests.pages.test_demo_people import enrolled
from tests.pages.test_public_pages import PUBLISH, SPEND, change
from tests.shop import Shop, create_program, open_shop
from tests.soak_settings import STEPS

AXE = Path(__file__).parent / "axe"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = ("/", "/terms/2", "/p/nobody")
"""A page of each template that a single program needs."""
SIZES = {"desktop": (1280, 800), "phone": (375, 740), "smallest": (320, 568)}


def appearances(narrow: str) -> list[tuple[str, str]]:
    """Sizes, with this as the narrow one, and colour schemes: two in which each occurs, or in the soak all."""
    every = [(size, scheme) for size in ("desktop", narrow) for scheme in ("light", "dark")]
    return every if STEPS else [every[0], every[-1]]


APPEARANCES = appearances("phone")
"""Widths depend on the language, colours do not."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Shop]:
    """A listed program with tiers, an announced version, and a long name."""
    file = tmp_path_factory.mktemp("pages") / "shop.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    program = create_program(
        url,
        name="The Teapot in Sweet-Donaudampfschifffahrtsgesellschaftsstraße",
        slug="the-teapot",
        template="tiered",
        listed=True,
    )
    with open_shop(url, program=program) as opened:
        groups = [{"segments": {"segments": ["students"]}}]
        double = {"key": "double", "effect": {"pointsMultiplier": {"factor": "2"}}, "conditions": groups}
        dearer = {"key": "mug", "effect": {"rewardCost": {"reward": "mug", "points": 900}}}
        change(opened, PUBLISH, clauses=[SPEND, double, dearer], effectiveFrom="2099-01-01T00:00:00Z")
        yield opened


@pytest.fixture(scope="module")
def browser(shop: Shop, three_kinds: list[Shop]) -> Iterator[Browser]:
    """Chromium of this machine; started after the shops, as Playwright keeps an event loop running."""
    with open_browser(tried="the pages") as browser:
        yield browser


WIDTH = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth)"


def test_axe_is_as_published() -> None:
    for item in json.loads((AXE / "vendored.json").read_text()):
        assert hashlib.sha256((AXE / item["file"]).read_bytes()).hexdigest() == item["sha256"], item["file"]


def opened(browser: Browser, *, size: str, scheme: str, troubles: list[str], **more: Any) -> Page:
    """A new window, with everything that its console and the policy complain about."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **more
    )
    page = context.new_page()
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(f"{request.url} failed"))
    # Seen before the page begins, and before its policy applies.
    page.add_init_script(
        "addEventListener('securitypolicyviolation', event => console.error('violates ' + event.violatedDirective))"
    )
    return page


@pytest.mark.parametrize(("size", "scheme"), APPEARANCES)
@pytest.mark.parametrize("locale", Locale)
def test_pages_are_accessible_fit_the_window_and_break_no_policy(
    browser: Browser, shop: Shop, locale: Locale, size: str, scheme: str
) -> None:
    troubles: list[str] = []
    page = opened(browser, size=size, scheme=scheme, troubles=troubles)
    axe = (AXE / "axe.min.js").read_text(encoding="utf-8")
    for path in PAGES:
        page.goto(f"{shop.address}{path}?locale={locale.value}")
        if path == "/p/nobody":
            assert troubles == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
            troubles.clear()
        assert page.evaluate("document.documentElement.lang") == locale.value
        assert page.evaluate(WIDTH) == SIZES[size][0]
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(251, 250, 248)" if scheme == "light" else "rgb(18, 23, 22)")
        page.evaluate(axe)
        found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        assert [(broken["id"], broken["nodes"][0]["html"]) for broken in found["violations"]] == [], path
        assert len(found["passes"]) > 15
        assert [broken["id"] for broken in found["incomplete"]] == [], path
    assert troubles == []
    page.context.close()


@pytest.mark.parametrize("locale", Locale)
def test_nothing_is_wider_than_the_smallest_window(browser: Browser, shop: Shop, locale: Locale) -> None:
    page = opened(browser, size="smallest", scheme="light", troubles=[])
    for path in ("/", "/terms", "/terms/2", "/p/the-teapot", "/p/nobody", "/p/the-teapot/terms/7"):
        page.goto(f"{shop.address}{path}?locale={locale.value}")
        assert page.evaluate(WIDTH) == SIZES["smallest"][0], path
    page.context.close()


def test_page_works_by_keyboard_and_without_javascript(browser: Browser, shop: Shop) -> None:
    troubles: list[str] = []
    page = opened(browser, size="desktop", scheme="light", troubles=troubles, java_script_enabled=False, locale="de-DE")
    page.goto(f"{shop.address}/")
    assert page.locator("h2").first.inner_text() == "Das Wichtigste"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#content")
    page.get_by_role("link", name="Alle Teilnahmebedingungen").click()
    page.wait_for_url(f"{shop.address}/terms")
    page.get_by_role("link", name="Ziffer 3", exact=True).click()
    page.wait_for_url("**/terms#clause-3")
    page.get_by_role("link", name="繁體中文").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("^會員條款第 1 版"))
    page.get_by_role("link", name="第 2 版，自").first.click()
    page.wait_for_url(f"{shop.address}/terms/2?locale=zh-Hant")
    expect(page.get_by_role("heading", name="與第 1 版相比的變更")).to_be_visible()
    assert troubles == []
    page.context.close()


def test_targets_are_large_enough_for_a_thumb(browser: Browser, shop: Shop) -> None:
    page = opened(browser, size="phone", scheme="light", troubles=[])
    for path in PAGES[:-1]:
        page.goto(f"{shop.address}{path}")
        boxes = [link.bounding_box() for link in page.locator("a:visible:not(.skip)").all()]
        assert len(boxes) > 5
        assert all(box is not None and box["width"] >= 24 and box["height"] >= 24 for box in boxes), path
    page.context.close()


def test_old_and_new_stand_side_by_side_on_a_desktop_and_below_each_other_on_a_phone(
    browser: Browser, shop: Shop
) -> None:
    for size, beside in (("desktop", True), ("smallest", False)):
        page = opened(browser, size=size, scheme="light", troubles=[])
        page.goto(f"{shop.address}/terms/2")
        before, after = (page.locator(".sides").first.locator("div").nth(side).bounding_box() for side in (0, 1))
        assert before is not None
        assert after is not None
        assert (before["y"] == after["y"]) is beside
        page.context.close()


def test_printed_terms_are_black_on_white_and_leave_out_what_only_a_screen_can_use(
    browser: Browser, shop: Shop
) -> None:
    page = opened(browser, size="desktop", scheme="dark", troubles=[])
    page.goto(f"{shop.address}/terms/2")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".languages").is_visible()
    assert page.locator(".clauses").is_visible()
    assert page.locator(".changes").is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.context.close()


@pytest.fixture(scope="module")
def three_kinds(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[list[Shop]]:
    """A deployment with nothing to show, one with several programs, and a demonstration with people."""
    with ExitStack() as stack:
        shops = []
        for kind in ("empty", "several", "demo"):
            file = tmp_path_factory.mktemp("pages") / f"{kind}.db"
            shutil.copyfile(sqlite_template, file)
            url = f"sqlite:///{file}"
            program = create_program(
                url, name="The Teapot", template="points" if kind == "demo" else "blank", listed=kind != "empty"
            )
            if kind == "several":
                create_program(url, name="茶壺", slug="tea", listed=True)
            if kind == "demo":
                enrolled(url, program)
            people = PEOPLE if kind == "demo" else ()
            shops.append(stack.enter_context(open_shop(url, program=program, people=people)))
        yield shops


@pytest.mark.parametrize(("size", "scheme"), appearances("smallest"))
def test_empty_list_and_demo_pages_are_accessible_too(
    three_kinds: list[Shop], browser: Browser, size: str, scheme: str
) -> None:
    troubles: list[str] = []
    axe = (AXE / "axe.min.js").read_text(encoding="utf-8")
    page = opened(browser, size=size, scheme=scheme, troubles=troubles, locale="de-CH")
    for shop in three_kinds:
        for path in ("/", f"/p/{shop.program.program.slug}/terms"):
            page.goto(f"{shop.address}{path}")
            assert page.evaluate(WIDTH) == SIZES[size][0]
            page.evaluate(axe)
            found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
            broken = [*found["violations"], *found["incomplete"]]
            assert [(item["id"], item["nodes"][0]["html"]) for item in broken] == [], (shop.url, path)
    assert page.locator("h3").count() == 0
    page.goto(three_kinds[-1].address)
    assert page.locator("h3").all_inner_texts() == ["Ada", "Ben", "Mei"]
    page.context.close()
    assert troubles == []
