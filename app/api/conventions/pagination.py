"""Pages of a list: the page that a caller requests, where it begins and ends, and cursors. There are no offsets."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

import strawberry
from graphql import GraphQLError

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100

_CURSOR = re.compile(r"v1:(0|[1-9][0-9]{0,17})")
_ID_CURSOR = re.compile(r"v1:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_MAX_CURSOR_LENGTH = 64


@strawberry.type(description="What lies on either side of a page.")
class PageInfo:
    """Where the page begins and ends."""

    has_next_page: bool = strawberry.field(description="Whether something follows the page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before the page.")
    start_cursor: str | None = strawberry.field(
        description="Where the page begins, for `before`; null when the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="Where the page ends, for `after`; null when the page is empty."
    )


@dataclass(frozen=True, slots=True)
class PageWindow:
    """The page that a caller requests: of the items after `after` and before `before`, the first `size`.

    With `from_end`, the last `size`. A place is None if the caller names none.
    """

    size: int
    after: int | None
    before: int | None
    from_end: bool


@dataclass(frozen=True, slots=True)
class IdWindow:
    """As `PageWindow`, for a list in the order of ids: the places are ids."""

    size: int
    after: str | None
    before: str | None
    from_end: bool


def encode_cursor(number: int) -> str:
    """The opaque cursor of a place in a list; it contains a version, so that its meaning may change one day."""
    return base64.urlsafe_b64encode(b"v1:%d" % number).rstrip(b"=").decode("ascii")


def decode_cursor(text: str) -> int:
    """The place that a cursor means. Raises GraphQLError BAD_USER_INPUT for a text that `encode_cursor` does not return."""
    match = _CURSOR.fullmatch(_decoded(text))
    if match is not None and encode_cursor(int(match[1])) == text:
        return int(match[1])
    raise _not_a_cursor()


def encode_id_cursor(id: str) -> str:
    """The opaque cursor of an entity (by its id) in a list that is in the order of ids."""
    return base64.urlsafe_b64encode(f"v1:{id}".encode("ascii")).rstrip(b"=").decode("ascii")


def decode_id_cursor(text: str) -> str:
    """The id that a cursor means. Raises GraphQLError BAD_USER_INPUT for a text that `encode_id_cursor` does not return."""
    match = _ID_CURSOR.fullmatch(_decoded(text))
    if match is not None and encode_id_cursor(match[1]) == text:
        return match[1]
    raise _not_a_cursor()


def _decoded(text: str) -> str:
    """The decoded text of a cursor; empty if the text is no cursor."""
    if len(text) > _MAX_CURSOR_LENGTH or not text.isascii():
        return ""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


def _not_a_cursor() -> GraphQLError:
    return _invalid_argument(
        "This is not a cursor of this list: use `startCursor`, `endCursor` or `cursor` as they were given."
    )


def page_window(*, first: int | None, after: str | None, last: int | None, before: str | None) -> PageWindow:
    """The page that the arguments request: 1 to 100 items, 20 by default.

    Raises GraphQLError BAD_USER_INPUT.
    """
    return PageWindow(
        size=_page_size(first=first, last=last),
        after=decode_cursor(after) if after is not None else None,
        before=decode_cursor(before) if before is not None else None,
        from_end=last is not None,
    )


def id_window(*, first: int | None, after: str | None, last: int | None, before: str | None) -> IdWindow:
    """As `page_window`, for a list in the order of ids. Raises GraphQLError BAD_USER_INPUT."""
    return IdWindow(
        size=_page_size(first=first, last=last),
        after=decode_id_cursor(after) if after is not None else None,
        before=decode_id_cursor(before) if before is not None else None,
        from_end=last is not None,
    )


def _page_size(*, first: int | None, last: int | None) -> int:
    if first is not None and last is not None:
        raise _invalid_argument("Use `first` or `last`, not both.")
    size = DEFAULT_PAGE_SIZE
    for name, value in (("first", first), ("last", last)):
        if value is not None:
            size = value
            if not 1 <= size <= MAX_PAGE_SIZE:
                raise _invalid_argument(f"`{name}` must be from 1 to {MAX_PAGE_SIZE}.")
    return size


def _invalid_argument(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})
