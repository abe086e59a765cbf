"""Pages from templates: escaped, under a strict policy, with a validator by which a browser keeps them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from app.pages.language import PageLanguage

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
"""No script at all, no style in the page, no other host."""

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

MAX_CACHED_PAGES = 256


def validator(body: bytes) -> str:
    """The ETag of a body. It is weak: a proxy may compress the answer."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def unchanged(request: Request, *, etag: str) -> bool:
    """Does the reader have this very body?"""
    known = request.headers.get("if-none-match", "")
    opaque = etag.removeprefix("W/")
    return known.strip() == "*" or opaque in (tag.strip().removeprefix("W/") for tag in known.split(","))


@dataclass(frozen=True, slots=True)
class _Rendered:
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Message:
    """A page that has nothing else to show. `path` is the address that the links to other languages lead to."""

    brand: str
    home: str
    heading: str
    text: str
    path: str
    private: bool = False
    link: tuple[str, str] | None = None
    """Address and text of the link."""


@cache
def _environment() -> Environment:
    """The templates, compiled; the same ones for every server of a process."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


class PageRenderer:
    """Renders pages, and keeps the last ones: what a page shows changes far less often than it is read.

    `charging` charges the reader of a page for the time that rendering takes; it raises where that is too much.
    """

    def __init__(self, *, charging: Callable[[Request], AbstractContextManager[None]]) -> None:
        self._charging = charging
        self._environment = _environment()
        self._style_version = hashlib.sha256((STATIC / "pages.css").read_bytes()).hexdigest()[:12]
        self._pages: OrderedDict[Hashable, _Rendered] = OrderedDict()

    def respond(
        self,
        request: Request,
        template: str,
        *,
        path: str,
        language: PageLanguage,
        facts: Hashable,
        view: Callable[[], Mapping[str, Any]],
        cache_control: str,
    ) -> Response:
        """The page at `path`, or 304 for a reader who has it.

        `facts` are everything that `view` depends on besides the address and the language: with equal facts the page is
        not rendered again.
        """
        key = (template, path, language, facts)
        rendered = self._pages.get(key)
        if rendered is None:
            with self._charging(request):
                rendered = self._render(template, path=path, language=language, view=view())
            self._pages[key] = rendered
            if len(self._pages) > MAX_CACHED_PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(key)
        headers = {
            **SECURITY_HEADERS,
            "cache-control": cache_control,
            "content-language": language.locale,
            "etag": rendered.etag,
            "vary": "Accept-Language",
        }
        if unchanged(request, etag=rendered.etag):
            return Response(status_code=304, headers=headers)
        return Response(rendered.body, headers=headers, media_type="text/html")

    def respond_with_message(
        self,
        message: Message,
        *,
        language: PageLanguage,
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page with a heading, a sentence and a link: small, and charged to nobody, so that it can say so when all else fails."""
        rendered = self._render("message.html", path=message.path, language=language, view=asdict(message))
        headers = {**SECURITY_HEADERS, "cache-control": "no-cache", "vary": "Accept-Language", **(headers or {})}
        headers["content-language"] = language.locale
        return Response(rendered.body, status_code=status, headers=headers, media_type="text/html")

    def _render(self, template: str, *, path: str, language: PageLanguage, view: Mapping[str, Any]) -> _Rendered:
        text = self._environment.get_template(template).render(
            say=language.phrasebook,
            language={"locale": language.locale, "links": language.links(path)},
            style_version=self._style_version,
            **view,
        )
        body = text.encode("utf-8")
        return _Rendered(body, validator(body))
