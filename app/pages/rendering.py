"""Pages from templates: escaped, under a strict content security policy, with an ETag so that browsers can cache them."""

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
"""The content security policy: no script at all, no style in the page, nothing from another host."""

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

MAX_CACHED_PAGES = 256


def etag_of(body: bytes) -> str:
    """The ETag of a body. It is weak: a proxy may compress the answer."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def client_has(request: Request, *, etag: str) -> bool:
    """Has the client the body with this ETag?"""
    if_none_match = request.headers.get("if-none-match", "")
    opaque = etag.removeprefix("W/")
    return if_none_match.strip() == "*" or opaque in (
        tag.strip().removeprefix("W/") for tag in if_none_match.split(",")
    )


@dataclass(frozen=True, slots=True)
class _RenderedPage:
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page with only a heading, a sentence and perhaps a link. The links to the page in other languages lead to `path`."""

    brand: str
    home: str
    heading: str
    text: str
    path: str
    hidden_from_search: bool = False
    link: tuple[str, str] | None = None
    """Address and text of the link."""


@cache
def _environment() -> Environment:
    """The compiled templates, shared by all servers of a process."""
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
    """Renders pages and caches those read last, because pages are read far more often than what they show changes.

    Rendering runs in the context of `charging`, which charges the reader for its time and raises RateLimited if the reader
    has used up the limit.
    """

    def __init__(self, *, charging: Callable[[Request], AbstractContextManager[None]]) -> None:
        self._charging = charging
        self._environment = _environment()
        self._style_version = hashlib.sha256((STATIC / "pages.css").read_bytes()).hexdigest()[:12]
        self._pages: OrderedDict[Hashable, _RenderedPage] = OrderedDict()

    def respond(
        self,
        request: Request,
        template: str,
        *,
        path: str,
        language: PageLanguage,
        cached_by: Hashable,
        view: Callable[[], Mapping[str, Any]],
        cache_control: str,
    ) -> Response:
        """The page at `path`, or status 304 for a client that has it.

        `cached_by` are everything that `view` depends on besides the address and the language: with equal ones the page is
        not rendered again.
        """
        key = (template, path, language, cached_by)
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
        if client_has(request, etag=rendered.etag):
            return Response(status_code=304, headers=headers)
        return Response(rendered.body, headers=headers, media_type="text/html")

    def respond_with_message(
        self,
        message: MessagePage,
        *,
        language: PageLanguage,
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page with only a message: small, and charged to nobody, so that it can still be sent when all else fails."""
        rendered = self._render("message.html", path=message.path, language=language, view=asdict(message))
        headers = {**SECURITY_HEADERS, "cache-control": "no-cache", "vary": "Accept-Language", **(headers or {})}
        headers["content-language"] = language.locale
        return Response(rendered.body, status_code=status, headers=headers, media_type="text/html")

    def _render(self, template: str, *, path: str, language: PageLanguage, view: Mapping[str, Any]) -> _RenderedPage:
        text = self._environment.get_template(template).render(
            say=language.phrasebook,
            language={"locale": language.locale, "links": language.links(path)},
            style_version=self._style_version,
            **view,
        )
        body = text.encode("utf-8")
        return _RenderedPage(body, etag_of(body))
