"""The language of a page, from its address or else from the browser; and the links to the same page in other languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from app.domain.i18n import Phrasebook, public_phrasebook_for
from app.domain.i18n.locales import REGIONS, FormOfAddress, Locale, negotiate_locale
from app.domain.programs.program import Program

NAMES: Mapping[Locale, str] = {
    Locale.EN: "English",
    Locale.DE: "Deutsch",
    Locale.ZH_HANS: "简体中文",
    Locale.ZH_HANT: "繁體中文",
}
"""Each language by its own name."""


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """A link to the same page in another language or, if `current`, in its own."""

    locale: str
    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class PageLanguage:
    """The language of a page. `chosen` is the locale in the page's address, normalised, which links repeat; None if there is none."""

    phrasebook: Phrasebook
    chosen: str | None

    @property
    def locale(self) -> str:
        """The language as HTML names it."""
        return self.phrasebook.locale.value

    def href(self, path: str) -> str:
        """The address of another page, in the chosen language."""
        return path if self.chosen is None else f"{path}?locale={self.chosen}"

    def links(self, path: str) -> list[LanguageLink]:
        """The links to a page in every language."""
        return [
            LanguageLink(
                locale=locale.value,
                name=name,
                href=f"{path}?locale={locale.value}",
                current=locale is self.phrasebook.locale,
            )
            for locale, name in NAMES.items()
        ]


def language_of(request: Request, *, program: Program | None = None) -> PageLanguage:
    """The language that a reader asks for, with the formats of a program's region and the program's form of address."""
    requested = request.query_params.get("locale")
    phrasebook = public_phrasebook_for(
        requested or request.headers.get("accept-language"),
        region=program.region if program is not None else None,
        form_of_address=program.form_of_address if program is not None else FormOfAddress.FORMAL,
    )
    return PageLanguage(phrasebook, _normalised_tag(requested) if requested else None)


def _normalised_tag(tag: str) -> str:
    locale, region = negotiate_locale(tag)
    return f"{locale.value}-{region}" if region in REGIONS[locale] else locale.value
