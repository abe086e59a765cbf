"""The addresses of the pages, and what each page reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from math import ceil

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.programs.program import Program, ProgramKind
from app.domain.programs.slug import slug_error
from app.pages.addresses import Addresses
from app.pages.language import language_of
from app.pages.people import MadeUpPerson, people_views
from app.pages.rendering import STATIC, MessagePage, PageRenderer, client_has, etag_of
from app.pages.views import home_view, programs_view, terms_view
from app.queries.terms import public_terms
from app.queries.terms.public_terms import PublicProgram, PublicTerms
from app.usecases.application import Application

MAX_AGE = 60
"""Seconds for which a browser shows a page without asking whether it has changed."""

READ_COST = 5
"""The cost of reading what a page shows, in tenths of a millisecond of processor time."""

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


class Pages:
    """Answers the requests for pages.

    `charge` charges a reader with a cost, `charging` with the time that rendering takes; both raise RateLimited when the
    reader has used up the limit. `explorer` is the path of GraphiQL, None if it is switched off. `people` are the made-up
    people of a demonstration.
    """

    def __init__(
        self,
        application: Application,
        *,
        charge: Callable[[Request, int], None],
        charging: Callable[[Request], AbstractContextManager[None]],
        explorer: str | None,
        people: Sequence[MadeUpPerson] = (),
    ) -> None:
        self._application = application
        self._charge = charge
        self._renderer = PageRenderer(charging=charging)
        self._explorer = explorer
        self._people = people

    async def home(self, request: Request) -> Response:
        """The first screen of the only listed program, otherwise the list of programs."""
        listed = await self._read_listed(request)
        if isinstance(listed, PublicProgram):
            return await self._home_page(request, listed, base="")
        return self._programs_page(request, listed, path="")

    async def terms(self, request: Request) -> Response:
        """The terms of the only listed program, otherwise the list of programs."""
        listed = await self._read_listed(request)
        if isinstance(listed, PublicProgram):
            return await self._terms_page(request, listed, base="")
        return self._programs_page(request, listed, path="/terms")

    async def version(self, request: Request) -> Response:
        """One version of the terms of the only listed program."""
        listed = await self._read_listed(request)
        if not isinstance(listed, PublicProgram):
            return self.not_found(request)
        return await self._terms_page(request, listed, base="")

    async def program(self, request: Request) -> Response:
        """The first screen of a program."""
        public_program = await self._read_program(request)
        if public_program is None:
            return self.not_found(request)
        return await self._home_page(request, public_program, base=f"/p/{public_program.program.slug}")

    async def terms_of_program(self, request: Request) -> Response:
        """The terms of a program, the current version or the one in the address."""
        public_program = await self._read_program(request)
        if public_program is None:
            return self.not_found(request)
        return await self._terms_page(request, public_program, base=f"/p/{public_program.program.slug}")

    def not_found(self, request: Request) -> Response:
        """The page for an address at which there is nothing."""
        return self._message_page(request, "page.not_found", status=404)

    def busy(self, request: Request, *, status: int, retry_after: float) -> Response:
        """The page for a reader who should try again in `retry_after` seconds."""
        headers = {"retry-after": str(ceil(retry_after)), "cache-control": "no-store"}
        return self._message_page(request, "page.busy", status=status, headers=headers)

    async def _read_listed(self, request: Request) -> tuple[Program, ...] | PublicProgram:
        self._charge(request, READ_COST)
        return await self._application.query_across_programs(public_terms.listed_programs, now_of=self._application.now)

    async def _read_program(self, request: Request) -> PublicProgram | None:
        """The program whose slug is in the address; None if there is none."""
        slug = request.path_params["slug"]
        self._charge(request, READ_COST)
        if slug_error(slug) is not None:
            return None
        return await self._application.query_across_programs(
            public_terms.public_program, slug=slug, now_of=self._application.now
        )

    async def _read_version(self, public_program: PublicProgram, *, number: int | None) -> PublicTerms | None:
        return await self._application.query_across_programs(
            public_terms.version_of, program=public_program, number=number
        )

    async def _home_page(self, request: Request, public_program: PublicProgram, *, base: str) -> Response:
        language = language_of(request, program=public_program.program)
        addresses = Addresses(base, language)
        terms = await self._read_version(public_program, number=None)
        people = await people_views(
            self._people, application=self._application, public_program=public_program, phrasebook=language.phrasebook
        )
        return self._renderer.respond(
            request,
            "home.html",
            path=base or "/",
            language=language,
            cached_by=(public_program.program, public_program.versions, people),
            view=lambda: home_view(
                public_program, public_terms=terms, addresses=addresses, explorer=self._explorer, people=people
            ),
            cache_control=_cache_control(public_program),
        )

    async def _terms_page(self, request: Request, public_program: PublicProgram, *, base: str) -> Response:
        language = language_of(request, program=public_program.program)
        addresses = Addresses(base, language)
        version_text = request.path_params.get("version")
        terms = None
        if version_text is None or _NUMBER.fullmatch(version_text):
            terms = await self._read_version(
                public_program, number=int(version_text) if version_text is not None else None
            )
        if terms is None:
            return self._missing_terms_page(public_program, addresses=addresses, without_number=version_text is None)
        return self._renderer.respond(
            request,
            "terms.html",
            path=f"{base}/terms" if version_text is None else f"{base}/terms/{version_text}",
            language=language,
            cached_by=(public_program.program, public_program.versions),
            view=lambda: terms_view(terms, addresses=addresses),
            cache_control=_cache_control(public_program),
        )

    def _missing_terms_page(
        self, public_program: PublicProgram, *, addresses: Addresses, without_number: bool
    ) -> Response:
        """The page of a program without terms or, if the address has a number, without a version of that number."""
        say = addresses.language.phrasebook
        title = say("page.terms.title")
        message = MessagePage(
            brand=public_program.program.name,
            home=addresses.home,
            heading=title if without_number else say("page.not_found.heading"),
            text=say("page.terms.none") if without_number else say("page.not_found.version"),
            path=f"{addresses.base}/terms",
            hidden_from_search=public_program.program.kind is ProgramKind.SANDBOX,
            link=None if without_number else (addresses.terms, title),
        )
        return self._renderer.respond_with_message(
            message, language=addresses.language, status=200 if without_number else 404
        )

    def _programs_page(self, request: Request, programs: tuple[Program, ...], *, path: str) -> Response:
        language = language_of(request)
        return self._renderer.respond(
            request,
            "programs.html",
            path=path or "/",
            language=language,
            cached_by=programs,
            view=lambda: programs_view(programs, language=language, explorer=self._explorer, path=path),
            cache_control=f"public, max-age={MAX_AGE}" if programs else "no-cache",
        )

    def _message_page(
        self, request: Request, key: str, *, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        language = language_of(request)
        say = language.phrasebook
        message = MessagePage(
            brand=say("page.programs.heading"),
            home=language.href("/"),
            heading=say(f"{key}.heading"),
            text=say(f"{key}.text"),
            # Not the address that the client has sent, which may be anything.
            path="/",
            link=(language.href("/"), say("page.not_found.home")),
        )
        return self._renderer.respond_with_message(message, language=language, status=status, headers=headers)


def _cache_control(public_program: PublicProgram) -> str:
    """The Cache-Control of a page about a program: no page is cached beyond the start of the next version.

    The clock of a sandbox can be moved at any time.
    """
    if public_program.program.kind is ProgramKind.SANDBOX:
        return "no-cache"
    start = public_program.next_start
    seconds = MAX_AGE if start is None else min(MAX_AGE, int((start - public_program.now).total_seconds()))
    return f"public, max-age={seconds}"


def page_routes(pages: Pages) -> list[Route]:
    """The pages, and the two files that they use."""
    files = {path.name: (path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in sorted(STATIC.iterdir())}

    async def static(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        body, media_type = file
        etag = etag_of(body)
        headers = {
            "cache-control": "public, max-age=86400",
            "etag": etag,
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        if client_has(request, etag=etag):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    return [
        Route("/", pages.home, methods=["GET"]),
        Route("/terms", pages.terms, methods=["GET"]),
        Route("/terms/{version}", pages.version, methods=["GET"]),
        Route("/p/{slug}", pages.program, methods=["GET"]),
        Route("/p/{slug}/terms", pages.terms_of_program, methods=["GET"]),
        Route("/p/{slug}/terms/{version}", pages.terms_of_program, methods=["GET"]),
        Route("/pages/{name}", static, methods=["GET"]),
    ]
