"""The Node interface."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="Anything that can be read again by its id.")
class Node:
    """An object with an opaque id; see `node` and `nodes`."""

    id: strawberry.ID = strawberry.field(description="Opaque id.")
