"""The language of a page: chosen in its address, else by the browser; and the links to the same page in the others."""

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
    """The same page in a language."""

    locale: str
    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class PageLanguage:
    """The words of a page. `chosen` is the locale in the page's address, normalised, which links repeat; None if there is none."""

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
        """The page in every language."""
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
    """The language that a reader asks for, with the formats of a program's region and its form of address."""
    asked = request.query_params.get("locale")
    phrasebook = public_phrasebook_for(
        asked or request.headers.get("accept-language"),
        region=program.region if program is not None else None,
        address=program.address if program is not None else FormOfAddress.FORMAL,
    )
    return PageLanguage(phrasebook, _normalised_tag(asked) if asked else None)


def _normalised_tag(tag: str) -> str:
    locale, region = negotiate_locale(tag)
    return f"{locale.value}-{region}" if region in REGIONS[locale] else locale.value
