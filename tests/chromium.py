"""Chromium of this machine for tests of what people see."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is installed is used; the headless shell takes two thirds of the processor time of the others."""


PATIENCE = 60_000
"""Milliseconds for which a test waits for what it expects in a page: a busy machine takes longer than Playwright's five seconds."""


@contextmanager
def open_browser(*, tried: str) -> Iterator[Browser]:
    """A browser without a window. Where there is none the tests are skipped, in CI they fail; `tried`: what they try in it."""
    command = next(filter(None, map(shutil.which, COMMANDS)), None)
    if command is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have Chromium: not tried in a browser: {tried}")
        pytest.skip(f"NO CHROMIUM HERE: NOT TRIED IN A BROWSER: {tried.upper()}")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        yield browser
        browser.close()
