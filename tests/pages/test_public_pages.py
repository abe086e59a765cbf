"""The public pages over HTTP, without a key, on both databases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.i18n.locales import Locale
from app.domain.programs.program import ProgramKind
from app.pages.rendering import POLICY
from tests.pages.reading import changes, clauses, heading, links, read, structured_data, versions
from tests.shop import START, Clock, Shop, create_program, open_shop

PUBLISH = (
    "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code } } }"
)
WITHDRAW = "mutation($input: WithdrawTermsInput!) { withdrawTerms(input: $input) { userErrors { code } } }"
UPDATE = "mutation($input: UpdateProgramInput!) { updateProgram(input: $input) { userErrors { code } } }"
STATEMENTS = """query($version: Int, $locale: Locale) { terms(version: $version) {
  text(locale: $locale) clauses { number printed statement(locale: $locale) } } }"""

SPEND = {"key": "points-per-spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
DEARER = {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 150}}}
CHEAPER = {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 100}}}


def change(shop: Shop, mutation: str, **input: Any) -> Any:
    """Does something as the owner."""
    (payload,) = shop.execute(mutation, role=Role.OWNER, input={"idempotencyKey": uuid.uuid4().hex, **input}).values()
    assert payload["userErrors"] == []
    return payload


def statements(shop: Shop, *, version: int | None = None, locale: str = "en") -> list[tuple[str, str]]:
    """The printed clauses as the API says them to a till."""
    terms = shop.execute(STATEMENTS, version=version, locale=locale)["terms"]
    return [(clause["number"], clause["statement"]) for clause in terms["clauses"] if clause["printed"]]


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A restaurant's sandbox that is listed."""
    program = create_program(database_url, name="The Teapot", template="restaurant", listed=True)
    with open_shop(database_url, program=program) as opened:
        yield opened


def test_first_screen_says_what_matters_and_where_to_read_on(shop: Shop) -> None:
    page = read(shop, "/")
    assert (page.status_code, heading(page)) == (200, "The Teapot")
    every = dict(statements(shop))
    assert clauses(page) == [(number, every[number]) for number in ("1", "3", "6")]
    assert {"/terms", "/graphql", "/terms#clause-3"} <= set(links(page))
    assert "in force since 1 January 2020" in page.text
    assert read(shop, "/p/the-teapot").text.count("/p/the-teapot/terms#clause-") == 3


@pytest.mark.parametrize("path", ["/", "/terms", "/terms/1", "/p/the-teapot", "/p/the-teapot/terms", "/p/nobody"])
def test_every_link_leads_somewhere_on_the_same_server(shop: Shop, path: str) -> None:
    change(shop, PUBLISH, clauses=[SPEND, CHEAPER])
    for address in set(links(read(shop, path))):
        assert address.startswith(("/", "#")), address
        if address.startswith("/"):
            assert read(shop, address.partition("#")[0]).status_code == 200, address


@pytest.mark.parametrize("locale", Locale)
def test_terms_are_the_sentences_of_the_api_in_every_language(shop: Shop, locale: Locale) -> None:
    said = statements(shop, locale=locale.value)
    assert len(said) == 9
    chosen = read(shop, f"/terms?locale={locale.value}", language="fr")
    negotiated = read(shop, "/terms", language=locale.value)
    for page in (chosen, negotiated):
        assert page.headers["content-language"] == locale.value
        assert f'<html lang="{locale.value}">' in page.text
        assert clauses(page) == said
        text = shop.execute(STATEMENTS, locale=locale.value)["terms"]["text"]
        assert heading(page) == text.splitlines()[0]
    assert f'href="/terms/1?locale={locale.value}"' in chosen.text
    assert 'href="/terms/1"' in negotiated.text
    for other in Locale:
        assert f'<link rel="alternate" hreflang="{other.value}" href="/terms?locale={other.value}">' in chosen.text


def test_reader_gets_the_formats_of_their_region_and_the_form_of_address(shop: Shop) -> None:
    assert "favour" in read(shop, "/terms", language="en-GB").text
    american = read(shop, "/terms?locale=en-US")
    assert "favor" in american.text
    assert "favour" not in american.text
    assert 'href="/terms/1?locale=en-US"' in american.text
    assert "was Sie mit Punkten" in read(shop, "/terms?locale=de").text
    change(shop, UPDATE, formOfAddress="INFORMAL")
    assert "was du mit Punkten" in read(shop, "/terms?locale=de").text


def test_every_version_shows_what_it_changed_side_by_side(shop: Shop) -> None:
    start = "2099-01-01T00:00:00Z"
    change(shop, PUBLISH, clauses=[SPEND, DEARER], effectiveFrom=start)
    page = read(shop, "/terms/2")
    assert clauses(page) == statements(shop, version=2)
    assert "These terms do not apply yet." in page.text
    assert changes(page) == [
        ("WORSE", dict(statements(shop))["3"], "You can have “Meal of the day” for 150 points."),
        ("WORSE", "On your first purchase you get 20 extra points.", "This clause is gone."),
    ]
    assert versions(page) == [("/terms/2", "SCHEDULED"), ("/terms/1", "IN_FORCE")]
    assert changes(read(shop, "/terms")) == []
    for path in ("/", "/terms"):
        assert "Announced: version 2 of the terms, valid from 1 January 2099." in read(shop, path).text
    change(shop, WITHDRAW, version=2)
    withdrawn = read(shop, "/terms/2")
    assert "it has never applied" in withdrawn.text
    assert versions(withdrawn) == [("/terms/2", "WITHDRAWN"), ("/terms/1", "IN_FORCE")]
    assert "Announced" not in read(shop, "/").text


def test_new_clause_and_a_change_for_the_better_are_shown_as_such(shop: Shop) -> None:
    added = {"key": "extra", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 5}}}
    welcome = {"key": "welcome", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 20}}}
    change(shop, PUBLISH, clauses=[SPEND, welcome, added, CHEAPER], effectiveFrom="2099-01-01T00:00:00Z")
    shown = {(direction, before): after for direction, before, after in changes(read(shop, "/terms/2"))}
    assert shown["BETTER", "This clause is new."] == "On your first purchase you get 5 extra points."
    assert shown["BETTER", dict(statements(shop))["3"]] == "You can have “Meal of the day” for 100 points."
    assert len(shown) == 2


def test_names_of_groups_and_budgets_left_are_not_published(shop: Shop) -> None:
    def clauses_for(group: str) -> list[dict[str, Any]]:
        multiplier = {"pointsMultiplier": {"factor": "2"}}
        budget = [{"budget": {"points": 1234, "mode": "PARTIAL"}}]
        condition: list[Any] = [{"segments": {"segments": [group]}}]
        reward = {"key": "meal", "effect": DEARER["effect"], "conditions": [{"exceptWhen": {"conditions": condition}}]}
        return [
            SPEND,
            {"key": "vip-double", "effect": multiplier, "conditions": condition},
            {"key": "start", "effect": {"bonusPoints": {"points": 5}}, "conditions": budget},
            reward,
        ]

    change(shop, PUBLISH, clauses=clauses_for("secret-friends"), effectiveFrom="2098-01-01T00:00:00Z")
    change(shop, PUBLISH, clauses=clauses_for("other-friends"), effectiveFrom="2099-01-01T00:00:00Z")
    assert "secret-friends" in shop.execute(STATEMENTS, version=2)["terms"]["text"]
    query = """query($version: Int, $locale: Locale) { publicTerms(program: "the-teapot", version: $version) {
      text(locale: $locale) clauses { statement(locale: $locale) } changes { statement(locale: $locale) } } }"""
    for locale in Locale:
        for version in (2, 3):
            page = read(shop, f"/terms/{version}?locale={locale.value}").text
            body = str(shop.execute(query, role=None, version=version, locale=locale.value))
            for text in (page, body):
                assert "friends" not in text
                assert "vip-double" not in text
                assert re.search(r"1[.,]?234", text)
    page = read(shop, "/terms/3")
    assert "As a member of certain groups you earn double points." in dict(clauses(page)).values()
    assert "You can have “Meal of the day” for 150 points, but not as a member of certain groups." in page.text
    assert page.text.count("The sentence is the same.") == 2


def test_only_programs_that_want_it_are_listed(database_url: str) -> None:
    hidden = create_program(database_url, name="Hidden", listed=False)
    with open_shop(database_url, program=hidden) as shop:
        for path in ("/", "/terms"):
            empty = read(shop, path, language="de")
            assert (empty.status_code, heading(empty)) == (200, "Treueprogramme")
            assert "Hier ist noch kein Treueprogramm zu sehen." in empty.text
        assert read(shop, "/terms/1").status_code == 404
        assert heading(read(shop, "/p/hidden")) == "Hidden"
        assert clauses(read(shop, "/p/hidden/terms")) == statements(shop)
        create_program(database_url, name="Zebra", listed=True)
        assert heading(read(shop, "/")) == "Zebra"
        create_program(database_url, name="Antelope & <Co>", kind=ProgramKind.LIVE)
        several = read(shop, "/")
        assert re.findall(r'<a class="name" href="([^"]+)">([^<]+)</a>', several.text) == [
            ("/p/antelope-co", "Antelope &amp; &lt;Co&gt;"),
            ("/p/zebra", "Zebra"),
        ]
        assert re.findall(r'class="name" href="([^"]+)"', read(shop, "/terms?locale=de").text) == [
            "/p/antelope-co/terms?locale=de",
            "/p/zebra/terms?locale=de",
        ]
        change(shop, UPDATE, listed=True, slug="no-longer-hidden")
        assert "/p/no-longer-hidden" in links(read(shop, "/"))
        assert read(shop, "/p/hidden").status_code == 404


def test_program_without_terms_says_so(database_url: str) -> None:
    program = create_program(database_url, name="Soon", template="blank", listed=True)
    with open_shop(database_url, program=program) as shop:
        page = read(shop, "/")
        assert (page.status_code, heading(page)) == (200, "Soon")
        assert "There are no terms yet." in page.text
        terms = read(shop, "/terms", language="zh-TW")
        assert (terms.status_code, heading(terms)) == (200, "會員條款")
        assert "本計畫尚未公布會員條款。" in terms.text
        assert read(shop, "/terms/1").status_code == 404


def test_announced_first_version_is_shown_before_it_starts_and_pages_are_kept_no_longer(database_url: str) -> None:
    clock = Clock()
    start = START + timedelta(seconds=40)
    program = create_program(database_url, name="Soon", kind=ProgramKind.LIVE, effective_from=start)
    with open_shop(database_url, program=program, clock=clock) as shop:
        page = read(shop, "/")
        assert "Announced: version 1 of the terms" in page.text
        assert len(clauses(page)) == 3
        terms = read(shop, "/terms")
        assert "These terms do not apply yet." in terms.text
        assert "The terms in force" not in terms.text
        (kept,) = re.findall(r"public, max-age=(\d+)", terms.headers["cache-control"])
        assert 30 <= int(kept) <= 40
        clock.now = start
        now_in_force = read(shop, "/terms")
        assert "These terms do not apply yet." not in now_in_force.text
        assert now_in_force.headers["etag"] != terms.headers["etag"]
        assert now_in_force.headers["cache-control"] == "public, max-age=60"


def test_unchanged_page_is_not_sent_again(shop: Shop) -> None:
    for path in ("/", "/terms", "/terms/1", "/p/the-teapot", "/pages/pages.css", "/pages/icon.svg"):
        first = read(shop, path)
        etag = first.headers["etag"]
        for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
            again = read(shop, path, if_none_match=known)
            assert (again.status_code, again.content) == (304, b""), (path, known)
            assert again.headers["etag"] == etag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        assert read(shop, path, if_none_match='"other"').status_code == 200
    etag = read(shop, "/terms").headers["etag"]
    assert read(shop, "/terms", language="de", if_none_match=etag).status_code == 200
    assert "Accept-Language" in read(shop, "/terms").headers["vary"]
    # The clock of a sandbox can be moved at any time: a browser asks each time.
    assert read(shop, "/terms").headers["cache-control"] == "no-cache"
    change(shop, PUBLISH, clauses=[SPEND, CHEAPER])
    assert read(shop, "/terms", if_none_match=etag).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/p/nobody", "/p/nobody/terms", "/p/NOBODY", "/p/no", "/p/the-teapot/terms/2", "/terms/2", "/terms/0", "/terms/x",
     "/terms/1.0", "/terms/99999999999999999999", "/terms/%C2%B2", "/p/the%20teapot", "/terms/1/", "/p/..%2F", "/nothing"],
)  # fmt: skip
def test_unknown_page_is_a_page_in_the_readers_language(shop: Shop, path: str) -> None:
    for language, words in (
        ("en", "Page not found"),
        ("de", "Seite nicht gefunden"),
        ("zh-CN", "找不到页面"),
        ("zh-HK", "找不到頁面"),
    ):
        page = read(shop, path, language=language)
        assert (page.status_code, heading(page)) == (404, words)
        assert page.headers["content-security-policy"] == POLICY
        assert "etag" not in page.headers


def test_unknown_address_is_not_repeated_in_the_page(shop: Shop) -> None:
    page = read(shop, "//evil.example/p/x")
    assert page.status_code == 404
    assert "evil" not in page.text


@pytest.mark.parametrize("path", ["/", "/terms", "/terms/1", "/p/the-teapot", "/p/nobody", "/pages/pages.css"])
def test_head_request_gets_the_headers_of_the_page_without_it(shop: Shop, path: str) -> None:
    page, head = read(shop, path), read(shop, path, method="HEAD")
    assert head.content == b""
    assert head.status_code == page.status_code
    varying = {"date", "server", "x-request-id"}
    assert {name: value for name, value in head.headers.items() if name not in varying} == {
        name: value for name, value in page.headers.items() if name not in varying
    }


@pytest.mark.parametrize("path", ["/", "/terms", "/terms/1", "/p/the-teapot"])
def test_page_runs_no_script_and_loads_nothing_from_elsewhere(shop: Shop, path: str) -> None:
    page = read(shop, path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY
    assert POLICY.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert "unsafe" not in POLICY
    assert "set-cookie" not in page.headers
    assert re.findall(r"<script(?! type=\"application/ld\+json\")|\son\w+=|javascript:|style=|<style", page.text) == []
    loaded = re.findall(r'(?:src|rel="(?:stylesheet|icon)" href)="([^"]+)"', page.text)
    assert {address.partition("?")[0] for address in loaded} == {"/pages/pages.css", "/pages/icon.svg"}
    for address in loaded:
        assert read(shop, address).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_only_read(shop: Shop, method: str) -> None:
    assert read(shop, "/terms", method=method).status_code == 405


def test_structured_data_names_every_clause_and_when_it_applies(shop: Shop) -> None:
    change(shop, PUBLISH, clauses=[SPEND, DEARER], effectiveFrom="2099-01-01T00:00:00Z")
    data = structured_data(read(shop, "/terms?locale=de"))
    assert (data["@context"], data["@type"], data["version"], data["inLanguage"]) == (
        *("https://schema.org", "DigitalDocument"),
        *("1", "de"),
    )
    assert data["about"] == {"@type": "MemberProgram", "@id": "/p/the-teapot", "name": "The Teapot"}
    assert data["temporalCoverage"] == "2020-01-01T00:00:00+00:00/2099-01-01T00:00:00+00:00"
    assert [(str(part["position"]), part["text"]) for part in data["hasPart"]] == statements(shop, locale="de")
    for part in data["hasPart"]:
        path, _, anchor = part["@id"].partition("#")
        assert f'id="{anchor}"' in read(shop, path).text
    change(shop, WITHDRAW, version=2)
    assert structured_data(read(shop, "/terms"))["temporalCoverage"] == "2020-01-01T00:00:00+00:00/.."
    withdrawn = structured_data(read(shop, "/terms/2"))
    assert withdrawn["creativeWorkStatus"] == "WITHDRAWN"
    assert "temporalCoverage" not in withdrawn
    home = structured_data(read(shop, "/"))
    assert (home["@type"], home["name"], home["subjectOf"]["url"]) == ("MemberProgram", "The Teapot", "/terms")


NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & ' \" {{ 7 * 7 }}"


def test_names_are_text_and_never_markup(database_url: str) -> None:
    program = create_program(database_url, name=NASTY, template="blank", listed=True)
    with open_shop(database_url, program=program) as shop:
        condition = [{"categories": {"include": ["<b>tea</b> & {{ 7 * 7 }}"]}}]
        change(
            shop,
            PUBLISH,
            clauses=[{**SPEND, "conditions": condition}],
            effectiveFrom="2020-01-01T00:00:00Z",
        )
        for path in ("/", "/terms", "/p/" + program.program.slug):
            page = read(shop, path)
            assert page.status_code == 200
            assert page.text.count("<script") == 1
            assert "<img src=x" not in page.text
            assert "<b>" not in page.text
            assert "{{ 7 * 7 }}" in page.text
        assert structured_data(read(shop, "/"))["name"] == NASTY
        assert "<b>tea</b> & {{ 7 * 7 }}" in structured_data(read(shop, "/terms"))["hasPart"][0]["text"]
