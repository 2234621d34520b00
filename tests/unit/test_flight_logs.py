"""The autopilot's log is brought down with a bar that a person can watch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ground_station.commands.flight_logs import bring_log
from ground_station.story_printer import StoryPrinter
from patrol.bus import Bus
from patrol.errors import CommandDenied
from tests.fakes import FakeVehicle, ManualClock, a_sample

pytestmark = pytest.mark.anyio


class Landed(FakeVehicle):
    """It has landed, and gives its log in halves, or none."""

    reason = ""

    async def download_log(self, folder: Path, tell: Callable[[float], Any]) -> Path:
        if self.reason:
            raise CommandDenied("download log", self.reason)
        for share in (0.5, 1.0):
            tell(share)
        return folder / "flight.ulg"


def landed(reason: str = "") -> Any:  # noqa: ANN401
    vehicle = Landed(ManualClock(), Bus())
    vehicle._sample, vehicle.reason = a_sample(is_armed=False), reason
    return vehicle


@pytest.mark.parametrize("as_json", [False, True])
async def test_the_bar_is_shown_to_a_person_and_never_on_standard_output(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as at a terminal
    await bring_log(landed(), Path("logs"), StoryPrinter(as_json=as_json), as_json=as_json)
    told = capsys.readouterr()
    assert ("100%" in told.err) is not as_json
    assert "logs/flight.ulg" in told.err.replace("\n", "")
    assert not told.out


async def test_a_log_that_cannot_be_had_is_told_and_ends_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vehicle = landed("it keeps none")
    await bring_log(vehicle, Path("logs"), StoryPrinter(as_json=False), as_json=False)
    assert "was not brought down: it keeps none" in capsys.readouterr().err
