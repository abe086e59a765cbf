"""The addresses of the pages, and what each of them reads."""

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
from app.domain.programs.slug import slug_problem
from app.pages.addresses import Addresses
from app.pages.language import language_of
from app.pages.people import MadeUpPerson, people_views
from app.pages.rendering import STATIC, Message, PageRenderer, unchanged, validator
from app.pages.views import home_view, programs_view, terms_view
from app.queries.terms.public_terms import PublicProgram, PublicTerms, listed_programs, public_program, version_of
from app.usecases.application import Application

MAX_AGE = 60
"""Seconds for which a browser shows a page without asking whether it has changed."""

READ_COST = 5
"""The cost of reading what a page shows, in tenths of a millisecond of processor time."""

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


class Pages:
    """Answers the requests for pages.

    `charge` charges a reader with a cost and `charging` with the time that rendering takes; both raise where that is too
    much. `explorer` is the path of GraphiQL, None where it is switched off. `people` are made-up ones of a demonstration.
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
        """The one program that is listed, or the list of them."""
        found = await self._listed(request)
        if isinstance(found, PublicProgram):
            return await self._home(request, found, base="")
        return self._programs(request, found, path="")

    async def terms(self, request: Request) -> Response:
        """The terms of the one program that is listed, or the list of them."""
        found = await self._listed(request)
        if isinstance(found, PublicProgram):
            return await self._terms(request, found, base="")
        return self._programs(request, found, path="/terms")

    async def version(self, request: Request) -> Response:
        """One version of the terms of the one program that is listed."""
        found = await self._listed(request)
        if not isinstance(found, PublicProgram):
            return self.not_found(request)
        return await self._terms(request, found, base="")

    async def program(self, request: Request) -> Response:
        """The first screen of a program."""
        found = await self._named(request)
        if found is None:
            return self.not_found(request)
        return await self._home(request, found, base=f"/p/{found.program.slug}")

    async def terms_of_program(self, request: Request) -> Response:
        """The terms of a program, the current version or the one in the address."""
        found = await self._named(request)
        if found is None:
            return self.not_found(request)
        return await self._terms(request, found, base=f"/p/{found.program.slug}")

    def not_found(self, request: Request) -> Response:
        """The page for an address at which there is nothing."""
        return self._message(request, "page.not_found", status=404)

    def busy(self, request: Request, *, status: int, retry_after: float) -> Response:
        """The page for now and the next `retry_after` seconds, when there is too much to do."""
        headers = {"retry-after": str(ceil(retry_after)), "cache-control": "no-store"}
        return self._message(request, "page.busy", status=status, headers=headers)

    async def _listed(self, request: Request) -> tuple[Program, ...] | PublicProgram:
        self._charge(request, READ_COST)
        return await self._application.query_across_programs(listed_programs, now=self._application.now)

    async def _named(self, request: Request) -> PublicProgram | None:
        """The program in the address."""
        slug = request.path_params["slug"]
        self._charge(request, READ_COST)
        if slug_problem(slug) is not None:
            return None
        return await self._application.query_across_programs(public_program, slug=slug, now=self._application.now)

    async def _version_of(self, program: PublicProgram, *, number: int | None) -> PublicTerms | None:
        return await self._application.query_across_programs(version_of, program=program, number=number)

    async def _home(self, request: Request, program: PublicProgram, *, base: str) -> Response:
        language = language_of(request, program=program.program)
        addresses = Addresses(base, language)
        terms = await self._version_of(program, number=None)
        people = await people_views(
            self._people, application=self._application, program=program, phrasebook=language.phrasebook
        )
        return self._renderer.respond(
            request,
            "home.html",
            path=base or "/",
            language=language,
            facts=(program.program, program.versions, people),
            view=lambda: home_view(program, terms=terms, addresses=addresses, explorer=self._explorer, people=people),
            cache_control=_kept(program),
        )

    async def _terms(self, request: Request, program: PublicProgram, *, base: str) -> Response:
        language = language_of(request, program=program.program)
        addresses = Addresses(base, language)
        asked = request.path_params.get("version")
        terms = None
        if asked is None or _NUMBER.fullmatch(asked):
            terms = await self._version_of(program, number=int(asked) if asked is not None else None)
        if terms is None:
            return self._no_terms(program, addresses=addresses, any_version=asked is None)
        return self._renderer.respond(
            request,
            "terms.html",
            path=f"{base}/terms" if asked is None else f"{base}/terms/{asked}",
            language=language,
            facts=(program.program, program.versions),
            view=lambda: terms_view(terms, addresses=addresses),
            cache_control=_kept(program),
        )

    def _no_terms(self, program: PublicProgram, *, addresses: Addresses, any_version: bool) -> Response:
        """No terms yet; or no version of the number in the address."""
        say = addresses.language.phrasebook
        title = say("page.terms.title")
        message = Message(
            brand=program.program.name,
            home=addresses.home,
            heading=title if any_version else say("page.not_found.heading"),
            text=say("page.terms.none") if any_version else say("page.not_found.version"),
            path=f"{addresses.base}/terms",
            private=program.program.kind is ProgramKind.SANDBOX,
            link=None if any_version else (addresses.terms, title),
        )
        return self._renderer.respond_with_message(
            message, language=addresses.language, status=200 if any_version else 404
        )

    def _programs(self, request: Request, programs: tuple[Program, ...], *, path: str) -> Response:
        language = language_of(request)
        return self._renderer.respond(
            request,
            "programs.html",
            path=path or "/",
            language=language,
            facts=programs,
            view=lambda: programs_view(programs, language=language, explorer=self._explorer, path=path),
            cache_control=f"public, max-age={MAX_AGE}" if programs else "no-cache",
        )

    def _message(
        self, request: Request, key: str, *, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        language = language_of(request)
        say = language.phrasebook
        message = Message(
            brand=say("page.programs.heading"),
            home=language.href("/"),
            heading=say(f"{key}.heading"),
            text=say(f"{key}.text"),
            # Not the address that was asked for, which may be anything.
            path="/",
            link=(language.href("/"), say("page.not_found.home")),
        )
        return self._renderer.respond_with_message(message, language=language, status=status, headers=headers)


def _kept(program: PublicProgram) -> str:
    """How long a page about a program may be kept: never past the start of the next version.

    The clock of a sandbox can be moved at any time.
    """
    if program.program.kind is ProgramKind.SANDBOX:
        return "no-cache"
    start = program.next_start
    seconds = MAX_AGE if start is None else min(MAX_AGE, int((start - program.now).total_seconds()))
    return f"public, max-age={seconds}"


def page_routes(pages: Pages) -> list[Route]:
    """The pages, and the two files that they use."""
    files = {file.name: (file.read_bytes(), _MEDIA_TYPES[file.suffix]) for file in sorted(STATIC.iterdir())}

    async def static(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        body, media_type = found
        etag = validator(body)
        headers = {
            "cache-control": "public, max-age=86400",
            "etag": etag,
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        if unchanged(request, etag=etag):
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
