"""The addresses of a program's pages."""

from __future__ import annotations

from dataclasses import dataclass

from app.pages.language import PageLanguage


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a program's pages. `base` is the path before them: `/p/SLUG`, or empty for the only listed program."""

    base: str
    language: PageLanguage

    @property
    def home(self) -> str:
        """The first screen."""
        return self.language.href(self.base or "/")

    @property
    def terms(self) -> str:
        """The current terms."""
        return self.language.href(f"{self.base}/terms")

    def version(self, number: int) -> str:
        """One version of the terms."""
        return self.language.href(f"{self.base}/terms/{number}")
