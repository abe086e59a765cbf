"""GraphiQL: its files, who gets the page, and a real browser that uses it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.config import Settings
from app.domain.access import Role
from app.main import create_app_from
from app.store.database.connect import open_database
from app.web.graphiql import FOLDER, POLICY
from tests.chromium import open_browser
from tests.live_server import serving
from tests.shop import Shop, create_program, open_shop, real_now
from tests.soak_settings import STEPS
from tests.web.graphiql_examples import examples

OURS = {"boot.js", "page.css", "examples.graphql", "variables.json"}
BUILT = FOLDER / "built"
SCRIPT = Path(__file__).parents[2] / "graphiql"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
AXE = Path(__file__).parents[1] / "pages" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"desktop": (1280, 800), "phone": (375, 740)}
EVERY_APPEARANCE = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
APPEARANCES = EVERY_APPEARANCE if STEPS else [("desktop", "light"), ("phone", "dark")]
"""The soak tries every combination."""

TAB = ".graphiql-tab-button"
EDITOR = ".graphiql-query-editor .monaco-editor"
VARIABLES = ".graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor"

OF_GRAPHIQL = {"nested-interactive", "aria-prohibited-attr"}
"""What axe finds in GraphiQL itself: tabs that hold a button to close them, and a name on a part of the search."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Shop]:
    """A shop whose first screen links to GraphiQL."""
    file = tmp_path_factory.mktemp("graphiql") / "shop.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    with open_shop(url, program=create_program(url, name="The Teapot", listed=True)) as opened:
        yield opened


def test_every_built_file_is_as_it_was_built_within_five_megabytes() -> None:
    assert OURS | {"built"} == {file.name for file in FOLDER.iterdir()}
    recorded = json.loads((BUILT / "vendored.json").read_text(encoding="utf-8"))
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in BUILT.iterdir()}
    found.pop("vendored.json")
    assert found == recorded["files"]
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 5_000_000


def test_built_files_are_of_the_locked_packages_with_their_licences() -> None:
    used = json.loads((BUILT / "vendored.json").read_text(encoding="utf-8"))["packages"]
    locked = json.loads((SCRIPT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for package in used:
        places = [
            at
            for at in locked
            if at == f"node_modules/{package['name']}" or at.endswith(f"/node_modules/{package['name']}")
        ]
        assert package["version"] in {locked[at]["version"] for at in places}, package
    assert [at for at, package in locked.items() if at and not package.get("integrity")] == []
    assert [at for at, package in locked.items() if "resolved" in package] == [], "no address of a registry"
    asked = json.loads((SCRIPT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert asked.items() <= {package["name"]: package["version"] for package in used}.items()
    licences = (BUILT / "LICENCES.txt").read_text(encoding="utf-8")
    assert [
        package for package in used if f"{package['name']} {package['version']} ({package['license']})" not in licences
    ] == []


def test_files_are_compressed_once_and_chunks_are_kept_for_ever(shop: Shop) -> None:
    chunk = max(BUILT.glob("chunk-*.js"), key=lambda file: file.stat().st_size).name
    for name, control in (("boot.js", "no-cache"), (f"built/{chunk}", "public, max-age=31536000, immutable")):
        plain = httpx.get(f"{shop.address}/graphiql/{name}", headers={"accept-encoding": "identity"})
        small = httpx.get(f"{shop.address}/graphiql/{name}", headers={"accept-encoding": "gzip"})
        assert small.content == plain.content == (FOLDER / name).read_bytes()
        assert (plain.headers.get("content-encoding"), small.headers["content-encoding"]) == (None, "gzip")
        assert int(small.headers["content-length"]) < len(plain.content) / 2
        assert small.headers["content-type"].startswith("text/javascript")
        assert small.headers["cache-control"] == control
        again = httpx.get(f"{shop.address}/graphiql/{name}", headers={"if-none-match": small.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "query", "page"),
    [
        (HTML, "", True),
        (HTML, "?utm=1", True),
        (HTML, "?query={__typename}", False),
        (HTML, "?documentId=1", False),
        ("*/*", "", False),
        ("application/json", "", False),
    ],
)
def test_only_browsers_get_the_graphiql_page(shop: Shop, accept: str, query: str, page: bool) -> None:
    response = httpx.get(f"{shop.address}/graphql{query}", headers={"accept": accept})
    assert response.headers["content-type"].startswith("text/html") is page
    assert response.status_code == (200 if page else 400)


def test_post_from_a_browser_reaches_the_api(shop: Shop) -> None:
    response = httpx.post(f"{shop.address}/graphql", json={"query": "{ __typename }"}, headers={"accept": HTML})
    assert response.json()["data"] == {"__typename": "Query"}


def test_page_policy_forbids_other_hosts_and_inline_scripts(shop: Shop) -> None:
    response = httpx.get(f"{shop.address}/graphql", headers={"accept": HTML})
    assert response.headers["content-security-policy"] == POLICY
    allowed = dict(string.split(" ", 1) for string in POLICY.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == "'self'"
    assert allowed["connect-src"] == "'self'"
    assert allowed["worker-src"] == "'self'"
    assert "blob:" not in POLICY
    assert "//" not in POLICY
    assert "//" not in response.text.replace("<!doctype html>", "")
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", response.text) == []
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', response.text):
        assert httpx.get(shop.address + path).status_code == 200


def test_graphiql_can_be_left_out(sqlite_url: str) -> None:
    program = create_program(sqlite_url, name="The Teapot", listed=True)
    for settings in (Settings(database_url=sqlite_url), Settings(database_url=sqlite_url, graphiql=False)):
        with serving(create_app_from(settings, database=open_database(sqlite_url))) as address:

            def get(path: str, *, address: str = address) -> httpx.Response:
                return httpx.get(f"{address}{path}", headers={"accept": HTML})

            assert (get("/graphql").headers["content-type"].partition(";")[0] == "text/html") is settings.graphiql
            assert (get("/graphiql/boot.js").status_code == 200) is settings.graphiql
            for page in ("/", f"/p/{program.program.slug}"):
                assert ('href="/graphql"' in get(page).text) is settings.graphiql
            answer = httpx.post(
                f"{address}/graphql",
                json={"query": "{ viewer { role } }"},
                headers={"authorization": f"Bearer {program.token(Role.TILL)}"},
            )
            assert answer.json()["data"] == {"viewer": {"role": "TILL"}}


def test_setting_leaves_graphiql_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().graphiql is True
    monkeypatch.setenv("TROTH_GRAPHIQL", "false")
    assert Settings().graphiql is False


@pytest.fixture(scope="module")
def browser(shop: Shop) -> Iterator[BrowserContext]:
    """Chromium of this machine, with one cache for all tabs; started after the shop, as Playwright keeps an event loop running."""
    with open_browser(tried="GraphiQL") as browser:
        yield browser.new_context(reduced_motion="reduce")


class Window:
    """A tab of a browser, with all that went wrong in it and all that it asked the server for."""

    def __init__(self, browser: BrowserContext, shop: Shop, *, size: str = "desktop") -> None:
        width, height = SIZES[size]
        self.page, self.shop = browser.new_page(), shop
        self.page.set_viewport_size({"width": width, "height": height})
        self.troubles: list[str] = []
        self.busy_answers = 0
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', event => console.error('violates ' + event.violatedDirective))"
        )

    def unexpected_troubles(self) -> list[str]:
        """What went wrong, without the answers of a busy machine for which `run` waited."""
        unexpected = list(self.troubles)
        for busy in [trouble for trouble in self.troubles if "status of 503" in trouble][: self.busy_answers]:
            unexpected.remove(busy)
        return unexpected

    def open(self, *, key: str | None = None) -> Page:
        """Opens GraphiQL, signed in where there is a key."""
        self.page.goto(f"{self.shop.address}/graphql" + (f"#key={key}" if key else ""))
        self.page.wait_for_selector(EDITOR)
        expect(self.page.locator("#holder")).not_to_be_empty()
        return self.page

    def choose(self, name: str) -> None:
        """Goes to the tab of an example, and waits for its operation."""
        self.page.locator(TAB, has_text=re.compile(rf"^\s*{name}\s*$")).click()
        expect(self.page.locator(EDITOR)).to_contain_text(re.compile(rf"(query|mutation)\s{name}\b"))

    def run(self, name: str) -> dict[str, Any]:
        """Runs the example in the tab of this name."""
        self.choose(name)
        while True:
            with self.page.expect_response(lambda response: response.url.endswith("/graphql")) as answer:
                self.page.get_by_label("Execute query").click()
            if answer.value.status == 503:  # The machine is busy. The console says so, too.
                self.busy_answers += 1
                self.page.wait_for_timeout(1000 * int(answer.value.headers["retry-after"]))
            elif answer.value.request.post_data_json["operationName"] == name:
                break  # else GraphiQL has not read the names in this tab yet
        shown: dict[str, Any] = answer.value.json()
        return shown


@pytest.fixture
def window(browser: BrowserContext, shop: Shop) -> Iterator[Window]:
    """A desktop tab in which nothing goes wrong, and which asks no other host for anything."""
    window = Window(browser, shop)
    yield window
    window.page.close()
    assert window.unexpected_troubles() == []
    assert [url for url in window.requests if not url.startswith((shop.address, "data:"))] == []


def test_every_example_has_a_tab_with_its_variables(window: Window) -> None:
    page = window.open()
    assert page.title() == "Troth: GraphiQL"
    assert [tab.inner_text().strip() for tab in page.locator(TAB).all()] == [example.name for example in examples()]
    window.choose("LookUp")
    expect(page.locator(EDITOR)).to_contain_text(re.compile(r"query\sLookUp\(\$by:\sCustomerBy!\)"))
    expect(page.locator(VARIABLES)).to_contain_text(re.compile(r'"card":\s"5901234123457"'))
    # Days are counted from today.
    window.choose("CustomerKey")
    written = page.locator(f"{VARIABLES} textarea")
    expect(written).to_have_value(re.compile(f'"expiresAt": "{real_now() + timedelta(days=1):%Y-%m-%dT%H}'))


def test_key_in_the_address_signs_in_and_leaves_the_address(window: Window, shop: Shop) -> None:
    key = shop.program.token(Role.TILL)
    page = window.open(key=key)
    assert page.url == f"{shop.address}/graphql"
    assert page.evaluate("history.length") == 2, "about:blank and this page: going back does not show the key"
    assert page.locator("#holder").inner_text() == "Till of The Teapot (sandbox)"
    assert page.locator("#key").input_value() == key
    assert page.locator("#key").evaluate("field => getComputedStyle(field).webkitTextSecurity") == "disc"
    assert window.run("Viewer")["data"]["viewer"]["role"] == "TILL"
    assert [url for url in window.requests if key in url.partition("#")[0]] == []
    page.reload()
    expect(page.locator("#holder")).to_have_text("Till of The Teapot (sandbox)")


def test_key_is_typed_once_for_all_tabs_and_forgotten_on_sign_out(window: Window, shop: Shop) -> None:
    page = window.open()
    assert page.locator("#holder").inner_text() == "Not signed in: you can read the schema and published terms."
    page.get_by_label("Access key").fill(shop.program.token(Role.OWNER))
    page.keyboard.press("Enter")
    expect(page.locator("#holder")).to_have_text("Owner of The Teapot (sandbox)")
    for name in ("Viewer", "Terms"):
        assert "errors" not in window.run(name)
    assert page.evaluate("[localStorage.length, document.cookie, Object.keys(sessionStorage)]") == [
        0,
        "",
        ["troth-key"],
    ]
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#holder")).to_contain_text("Not signed in")
    assert page.evaluate("[sessionStorage.length, document.getElementById('key').value]") == [0, ""]
    assert window.run("Viewer")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert [trouble for trouble in window.troubles if "401 (Unauthorized)" not in trouble] == []
    window.troubles.clear()


def test_key_of_another_tab_is_not_seen(window: Window, shop: Shop) -> None:
    window.open(key=shop.program.token(Role.OWNER))
    other = window.page.context.new_page()
    other.goto(f"{shop.address}/graphql")
    expect(other.locator("#holder")).to_contain_text("Not signed in")


def test_key_that_opens_nothing_is_said_beside_the_field(browser: BrowserContext, shop: Shop) -> None:
    window = Window(browser, shop)
    page = window.open(key=shop.program.token(Role.TILL)[:-8] + "00000000")
    expect(page.locator("#holder")).to_have_class("wrong")
    assert page.get_by_label("Access key").get_attribute("aria-invalid") == "true"
    assert page.get_by_role("button", name="Sign in").is_visible()
    page.get_by_label("Access key").fill(shop.program.token(Role.STAFF))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#holder")).to_have_text("Staff of The Teapot (sandbox)")
    page.close()


def test_browser_runs_examples_and_shows_the_schema(window: Window, shop: Shop) -> None:
    page = window.open(key=shop.program.token(Role.TILL))
    assert window.run("Enrol")["data"]["enrolCustomer"]["userErrors"] == []
    assert window.run("Buy")["data"]["recordPurchase"]["balances"] == [{"available": 325}]
    expect(page.locator(".result-window")).to_contain_text("325 points under clause 1.")
    page.get_by_label("Show Documentation Explorer").click()
    page.get_by_text("Root Types").wait_for()


def test_editors_complete_fields_and_find_wrong_ones(window: Window, shop: Shop) -> None:
    page = window.open(key=shop.program.token(Role.TILL))
    window.choose("LookUp")
    page.locator(EDITOR).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("{ viewer { rol } }")
    expect(page.locator(f"{EDITOR} .squiggly-error")).to_have_count(1)
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+Space")
    page.locator(".suggest-widget.visible").get_by_text("role").first.wait_for()
    window.choose("Hold")
    page.locator(VARIABLES).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text('{ "input": { "minutes": "many" } }')
    page.locator(f"{VARIABLES} .squiggly-error, {VARIABLES} .squiggly-warning").first.wait_for()
    page.get_by_label("Prettify query").click()
    expect(page.locator(f"{VARIABLES} textarea")).to_have_value(
        re.compile(r'^\{\n  "input": \{\n    "minutes": "many"\n  \}\n\}')
    )


@pytest.mark.parametrize("size", SIZES)
def test_no_line_of_an_example_is_broken(browser: BrowserContext, shop: Shop, size: str) -> None:
    window = Window(browser, shop, size=size)
    # So tall that no line is scrolled away: those are not there to be measured.
    window.page.set_viewport_size({"width": SIZES[size][0], "height": 2_400})
    page = window.open()
    page.add_style_tag(content="#graphiql .graphiql-editors { min-height: 2000px }")
    for example in examples():
        window.choose(example.name)
        for editor, text in ((EDITOR, example.document), (VARIABLES, json.dumps(example.variables, indent=2))):
            if text != "{}":
                expect(page.locator(f"{editor} .view-line")).to_have_count(len(text.splitlines()))
        assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    page.close()


@pytest.mark.parametrize(("size", "scheme"), APPEARANCES)
def test_graphiql_is_accessible_and_breaks_no_policy(
    browser: BrowserContext, shop: Shop, size: str, scheme: Literal["light", "dark"]
) -> None:
    window = Window(browser, shop, size=size)
    window.page.emulate_media(color_scheme=scheme)
    page = window.open(key=shop.program.token(Role.TILL))
    page.evaluate(AXE.read_text(encoding="utf-8"))
    if size == "desktop":
        page.get_by_label("Show Documentation Explorer").click()
        page.get_by_text("Root Types").wait_for()
    for where, expected in (("body > header", set()), ("document", OF_GRAPHIQL)):
        found = page.evaluate(
            f"rules => axe.run({where!r}, {{runOnly: rules}})".replace("'document'", "document"), RULES
        )
        assert {broken["id"] for broken in [*found["violations"], *found["incomplete"]]} <= expected
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    assert window.unexpected_troubles() == []
    page.close()
