"""Pictures of the templates' rewards: served, shown in the catalogue, and harmless."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import httpx

from app.domain.access import Role
from app.web.pictures import FOLDER
from tests.shop import open_shop


def test_every_template_reward_has_an_existing_picture(sqlite_url: str) -> None:
    for template in ("points", "stamps", "coffee-shop", "restaurant", "tiered"):
        with open_shop(sqlite_url, template=template) as shop:
            rewards = shop.execute("{ rewards { nodes { reward { key pictureUrl } } } }", role=Role.OWNER)
            for node in rewards["rewards"]["nodes"]:
                response = httpx.get(f"{shop.address}{node['reward']['pictureUrl']}")
                assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml")
                assert "sandbox" in response.headers["content-security-policy"]
            assert httpx.get(f"{shop.address}/pictures/../main.py").status_code == 404
            assert httpx.get(f"{shop.address}/pictures/none.svg").status_code == 404


def test_pictures_have_a_title_and_load_nothing() -> None:
    files = sorted(FOLDER.glob("*.svg"))
    assert files
    for file in files:
        root = ET.fromstring(file.read_text(encoding="utf-8"))
        assert root.get("aria-label")
        names = {name.rpartition("}")[2] for element in root.iter() for name in (element.tag, *element.attrib)}
        assert not names & {"script", "href", "image", "foreignObject", "use"}
        assert not any(name.startswith("on") for name in names)
