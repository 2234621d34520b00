"""What every test shares: asyncio as the backend, and a plain line for what the machine lacks."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

MINIMA = "minima"  # a user property: a line a flight
# A street that nobody here filmed; Debian's opencv-doc carries it.
REAL_VIDEO = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
_HEAVY = (
    "tests/browser/", "tests/flight/", "tests/stories/test_fast_start.py",
    "tests/stories/test_not_dispersed_to_grid.py",
)  # fmt: skip
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

# How long an example takes tells of the machine and who else is on it, never of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
        "--tested",
        metavar="FILE",
        help="where to write the record of --route's flight; default: beside the plan",
    )
    parser.addoption(
        "--postgresql", metavar="URL", help="try the store on this server too (its databases "
        "named gridpatrol_test_... are dropped); needs asyncpg"
    )  # fmt: skip


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each flight kept at least."""
    reports = [report for stat in terminalreporter.stats.values() for report in stat]
    lines = [
        value
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == MINIMA
    ]
    if lines:
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


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The line about what is left out."""
    missing = _missing()
    told = [f"{marker.replace('_', ' ')} tests ({needs})" for marker, needs in missing.items()]
    return ["left out: " + "; ".join(told)] if told else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a tool that is not there."""
    left_out = [item for item in items if any(map(item.get_closest_marker, _missing()))]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """What was made by the imports stays: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


class _OneHouseAtATime(LoadFileScheduling):  # type: ignore[misc]  # xdist is untyped
    """A file stays on one worker; those that fly the whole house want both cores: never two."""

    def _split_scope(self, nodeid: str) -> str:
        return "heavy" if nodeid.startswith(_HEAVY) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Used when there are workers."""
    return _OneHouseAtATime(config, log)
