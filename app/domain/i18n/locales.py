"""Locales: the language of a reader, the region whose number and date formats apply, and the German form of address."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class Locale(StrEnum):
    """The languages in which every sentence exists."""

    EN = "en"
    DE = "de"
    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"


class FormOfAddress(StrEnum):
    """How German texts address members: FORMAL with Sie, INFORMAL with du. Other languages have one form."""

    FORMAL = "FORMAL"
    INFORMAL = "INFORMAL"


REGIONS = {
    Locale.EN: frozenset({"US", "GB", "IE", "AU", "NZ", "CA", "IN", "ZA", "SG", "HK", "MT", "PH", "MY"}),
    Locale.DE: frozenset({"DE", "AT", "CH", "LI", "LU"}),
    Locale.ZH_HANS: frozenset({"CN"}),
    Locale.ZH_HANT: frozenset({"TW", "HK", "MO"}),
}
"""Regions with number and date formats of their own, by language."""
_DEFAULT_REGION = {Locale.EN: "GB", Locale.DE: "DE", Locale.ZH_HANS: "CN", Locale.ZH_HANT: "TW"}
"""By language, the region whose formats are used for regions that are not in `REGIONS`."""


def region_of(locale: Locale, *regions: str | None) -> str:
    """The first of the regions (ISO 3166) that has formats of its own for the language; else the default region."""
    regions_with_formats = (region for region in regions if region is not None and region in REGIONS[locale])
    return next(regions_with_formats, _DEFAULT_REGION[locale])


_TRADITIONAL_SUBTAGS = {"hant", "tw", "hk", "mo"}
_LANGUAGE_RANGE = re.compile(r"(?P<tag>[a-z0-9*-]+)(?:;q=(?P<weight>[01](?:\.[0-9]{0,3})?|\.[0-9]{1,3}))?")


@lru_cache(maxsize=256)
def negotiate_locale(tags: str | None) -> tuple[Locale, str | None]:
    """The best locale for a BCP 47 tag or an Accept-Language header, and the region in its tag.

    English if no language fits or the header cannot be parsed; the region is None if the tag has none.
    """
    candidates: list[tuple[Decimal, Locale, str | None]] = []
    for part in (tags or "")[:200].lower().replace("_", "-").split(","):
        language_range = _LANGUAGE_RANGE.fullmatch("".join(part.split()))
        subtags = language_range["tag"].split("-") if language_range else [""]
        locale = _locale_of(subtags)
        if language_range is not None and locale is not None:
            region = next((tag.upper() for tag in subtags[1:] if len(tag) == 2 and tag.isalpha()), None)
            candidates.append((Decimal(language_range["weight"] or 1), locale, region))
    # Of equal weights, `max` returns the first in the header.
    weight, best, region = max(candidates, key=lambda candidate: candidate[0], default=(Decimal(0), Locale.EN, None))
    return (best, region) if weight > 0 else (Locale.EN, None)


def locale_for(tags: str | None) -> Locale:
    """The best locale for a BCP 47 tag or an Accept-Language header; English if none fits."""
    return negotiate_locale(tags)[0]


def _locale_of(subtags: list[str]) -> Locale | None:
    language, *rest = subtags
    if language in ("zh", "cmn", "yue"):
        traditional = language == "yue" or not _TRADITIONAL_SUBTAGS.isdisjoint(rest)
        return Locale.ZH_HANT if traditional and "hans" not in rest else Locale.ZH_HANS
    return Locale(language) if language in (Locale.EN.value, Locale.DE.value) else None
