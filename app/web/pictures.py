"""Pictures of the rewards in the templates; the rewards that an owner creates have pictures at addresses of the owner."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static" / "pictures"

_HEADERS = {
    "cache-control": "public, max-age=86400",
    # An SVG file can contain scripts: the browser must run none.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    # Tills and apps on other hosts show the pictures.
    "cross-origin-resource-policy": "cross-origin",
}


def picture_routes() -> list[Route]:
    """The route /pictures/NAME.svg, to which `Reward.pictureUrl` of a template's reward points."""
    pictures_by_name = {file.name: file.read_bytes() for file in sorted(FOLDER.glob("*.svg"))}

    async def picture(request: Request) -> Response:
        content = pictures_by_name.get(request.path_params["name"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="image/svg+xml", headers=_HEADERS)

    return [Route("/pictures/{name}", picture, methods=["GET"])]
