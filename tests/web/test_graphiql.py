"""GraphiQL: its files, who gets the page, and a real browser that uses it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator

import httpx
import pytest
from graphql import parse, validate
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette

from app.api.schema import schema as real_schema
from app.graphql_server.endpoint import GraphQLEndpoint
from app.graphql_server.limits.document_limits import Measured, measure
from app.graphql_server.schema.core_schema import core_schema
from app.web.graphiql import FOLDER, POLICY, graphiql_routes
from tests.api.minimal_schema import context_for, schema, sign_in
from tests.live_server import serving

OURS = {"boot.js", "page.css", "examples.graphql", "vendored.json"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EXAMPLES = (FOLDER / "examples.graphql").read_text()
NAMES = re.findall(r"^(?:query|mutation) (\w+)", EXAMPLES, flags=re.MULTILINE)
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    endpoint = GraphQLEndpoint(schema, sign_in=sign_in, context_for=context_for, introspection=lambda _: True)
    with serving(Starlette(routes=graphiql_routes(endpoint))) as address:
        yield address


def test_every_static_file_is_ours_or_as_published() -> None:
    listed = json.loads((FOLDER / "vendored.json").read_text())
    assert {value["file"] for value in listed} | OURS == {file.name for file in FOLDER.iterdir()}
    for item in listed:
        assert hashlib.sha256((FOLDER / item["file"]).read_bytes()).hexdigest() == item["sha256"], item["file"]
    assert {(value["name"], value["version"]) for value in listed} == {
        ("graphiql", "4.1.2"), ("react", "18.3.1"), ("react-dom", "18.3.1"),
    }  # fmt: skip
    assert {value["name"] for value in listed if value["file"].startswith("LICENSE")} == {
        "graphiql",
        "react",
        "react-dom",
    }


@pytest.mark.parametrize(
    ("accept", "query", "page"),
    [
        (HTML, "", True),
        (HTML, "?utm=1", True),
        (HTML, "?query={hello}", False),
        (HTML, "?documentId=1", False),
        ("*/*", "", False),
        ("application/json", "", False),
    ],
)
def test_only_browsers_get_the_graphiql_page(address: str, accept: str, query: str, page: bool) -> None:
    response = httpx.get(f"{address}/graphql{query}", headers={"accept": accept})
    assert response.headers["content-type"].startswith("text/html") is page
    assert response.status_code == (200 if page else 400)


def test_post_from_a_browser_reaches_the_api(address: str) -> None:
    response = httpx.post(f"{address}/graphql", json={"query": "{ hello }"}, headers={"accept": HTML})
    assert response.json() == {"data": {"hello": "Hello world"}}


def test_page_policy_forbids_other_hosts_and_inline_scripts(address: str) -> None:
    response = httpx.get(f"{address}/graphql", headers={"accept": HTML})
    assert response.headers["content-security-policy"] == POLICY
    allowed = dict(string.split(" ", 1) for string in POLICY.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == "'self'"
    assert allowed["connect-src"] == "'self'"
    assert "//" not in POLICY
    assert "//" not in response.text.replace("<!doctype html>", "")
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", response.text) == []
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', response.text):
        assert httpx.get(address + path).status_code == 200


def test_every_example_is_an_operation_that_the_api_accepts() -> None:
    core = core_schema(real_schema)
    document = parse(EXAMPLES)
    assert isinstance(measure(document, schema=core), Measured)
    assert validate(core, document) == []
    assert len(NAMES) >= 5


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium: GraphiQL was not tried in a browser")
        pytest.skip("NO CHROMIUM HERE: GraphiQL WAS NOT TRIED IN A BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else troubles.append(request.url)
    )
    page.goto(f"{address}/graphql")
    page.wait_for_selector(".graphiql-query-editor .CodeMirror")
    yield page
    page.close()
    assert troubles == []


def test_browser_shows_the_examples_and_a_field_for_the_key(page: Page) -> None:
    assert page.title() == "Troth: GraphiQL"
    tabs = [locator.inner_text().strip() for locator in page.locator(".graphiql-tab-button").all()]
    assert tabs == NAMES
    assert f" {NAMES[0]} {{" in page.locator(".graphiql-query-editor").inner_text()
    headers = page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror").inner_text()
    assert '"Authorization": "Bearer "' in headers


def test_browser_runs_an_operation_and_shows_the_schema(page: Page) -> None:
    page.locator(".graphiql-query-editor .CodeMirror").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("{ hello }")
    page.locator(".graphiql-tab-button", has_text="<untitled>").wait_for()  # only now it knows the new operation
    page.get_by_label("Execute query").click()
    expect(page.locator(".result-window")).to_contain_text('"hello": "Hello world"')
    page.get_by_label("Show Documentation Explorer").click()
    page.get_by_text("Root Types").wait_for()


def test_browser_keeps_nothing_after_the_page_is_closed(page: Page) -> None:
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
