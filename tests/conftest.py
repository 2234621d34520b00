"""What every test shares: asyncio as the backend, and a plain line for what the machine lacks."""

from __future__ import annotations

import os
import shutil

import pytest

_LEFT_OUT = pytest.StashKey[str]()
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """Where a Chromium is: GRIDPATROL_CHROMIUM, or one on the PATH."""
    named = os.environ.get("GRIDPATROL_CHROMIUM")
    return named or next((path for n in _CHROMIUM_NAMES if (path := shutil.which(n))), None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where there is none; one line says so."""
    if chromium_path() is not None and shutil.which("chromedriver") is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = (
            f"left out: {len(left_out)} browser tests (they need Chromium and chromedriver on "
            "the PATH; GRIDPATROL_CHROMIUM may name the first)"
        )


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """The line about what was left out."""
    line = config.stash.get(_LEFT_OUT, "")
    return [line] if line else []
