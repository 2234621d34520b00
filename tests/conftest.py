"""What every test shares: asyncio as the backend, and a plain line for what the machine lacks."""

from __future__ import annotations

import os
import shutil

import pytest

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """Where a Chromium is: GRIDPATROL_CHROMIUM, or one on the PATH."""
    named = os.environ.get("GRIDPATROL_CHROMIUM")
    return named or next((path for n in _CHROMIUM_NAMES if (path := shutil.which(n))), None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
