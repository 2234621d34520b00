"""What every test shares: asyncio as the backend, and a plain line for what the machine lacks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_LEFT_OUT = pytest.StashKey[str]()
MINIMA = pytest.StashKey[list[str]]()  # a line a flight
# A street that nobody here filmed; Debian's opencv-doc carries it.
REAL_VIDEO = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """Where a Chromium is: GRIDPATROL_CHROMIUM, or one on the PATH."""
    named = os.environ.get("GRIDPATROL_CHROMIUM")
    return named or next((path for n in _CHROMIUM_NAMES if (path := shutil.which(n))), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the flights."""
    parser.addoption(
        "--px4", metavar="DIR", help="fly tests/flight on a built PX4 (DIR/bin/px4, DIR/etc)"
    )
    parser.addoption("--route", metavar="PLAN", help="test this route: a plan of `gridpatrol plan`")
    parser.addoption(
        "--tested", metavar="FILE", help="where to write that the route of --route is TESTED"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Nothing flown yet."""
    config.stash[MINIMA] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What each flight kept at least."""
    if lines := config.stash[MINIMA]:
        terminalreporter.section("minima of the flights")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _missing() -> dict[str, str]:
    """Markers whose tests this machine cannot run, and what they need."""
    missing = {}
    if chromium_path() is None or shutil.which("chromedriver") is None:
        missing["browser"] = (
            "they need Chromium and chromedriver on the PATH; "
            "GRIDPATROL_CHROMIUM may name the first"
        )
    if not REAL_VIDEO.is_file():
        missing["real_video"] = f"they need {REAL_VIDEO}"
    return missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a tool that is not there; one line says so."""
    told = []
    for marker, needs in _missing().items():
        left_out = [item for item in items if item.get_closest_marker(marker)]
        if left_out:
            items[:] = [item for item in items if item not in left_out]
            config.hook.pytest_deselected(items=left_out)
            told.append(f"{len(left_out)} {marker.replace('_', ' ')} tests ({needs})")
    if told:
        config.stash[_LEFT_OUT] = "left out: " + "; ".join(told)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """The line about what was left out."""
    line = config.stash.get(_LEFT_OUT, "")
    return [line] if line else []
