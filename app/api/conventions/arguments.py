"""Arguments that several fields take, described once."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.scalars import Locale

First = Annotated[int | None, strawberry.argument(description="The first n items, 1 to 100; default 20.")]
After = Annotated[str | None, strawberry.argument(description="Only items after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="The last n items, 1 to 100; not with `first`.")]
Before = Annotated[str | None, strawberry.argument(description="Only items before this cursor.")]
Language = Annotated[
    Locale | None,
    strawberry.argument(description="The language of this text; by default that of the Accept-Language header."),
]
