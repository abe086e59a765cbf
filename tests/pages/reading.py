"""Pages as a reader without a key gets them, and what is on them."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx

from tests.shop import Shop

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


def read(shop: Shop, path: str, *, language: str = "en", method: str = "GET", **headers: str) -> httpx.Response:
    """Fetches a page as a browser does, without a key."""
    sent = {
        "Accept": HTML,
        "Accept-Language": language,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return shop.client.request(method, f"{shop.address}{path}", headers=sent, follow_redirects=False)


def heading(page: httpx.Response) -> str:
    """The main heading."""
    (found,) = re.findall(r"<h1>(.*?)</h1>", page.text)
    return unescape(found)


def clauses(page: httpx.Response) -> list[tuple[str, str]]:
    """The clauses with their numbers."""
    found = re.findall(
        r'<li(?: id="clause-\d+" value="\d+")?><a class="number" href="[^"]*#clause-(\d+)"[^>]*>\d+</a> <p>(.*?)</p></li>',
        page.text,
    )
    return [(number, unescape(text)) for number, text in found]


def changes(page: httpx.Response) -> list[tuple[str, str, str]]:
    """Each change: its direction, the old and the new text."""
    found = re.findall(
        r'<li><span class="status (\w+)">[^<]*</span>\s*<dl class="sides">\s*<div><dt>[^<]*</dt><dd>(.*?)</dd></div>'
        r"\s*<div><dt>[^<]*</dt><dd>(.*?)</dd></div>",
        page.text,
    )
    return [(direction, unescape(before), unescape(after)) for direction, before, after in found]


def versions(page: httpx.Response) -> list[tuple[str, str]]:
    """The listed versions, newest first: address and status."""
    listed = page.text.partition('<ul class="versions">')[2]
    return re.findall(r'<a href="([^"]+)"[^>]*>[^<]*</a> <span class="status (\w+)">', listed)


def links(page: httpx.Response) -> list[str]:
    """Every address that the page links to or loads."""
    return [unescape(address) for address in re.findall(r'(?:href|src)="([^"]+)"', page.text)]


def structured_data(page: httpx.Response) -> Any:
    """The JSON-LD of the page."""
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text, flags=re.DOTALL)
    return json.loads(found)
