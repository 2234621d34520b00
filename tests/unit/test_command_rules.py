"""What is refused before anything is sent: outside the plan, above the ceiling, a late kill."""

from __future__ import annotations

import pytest
from mavsdk.asyncio import System

from drone.mavsdk_calls import Calls, Means
from drone.mavsdk_commands import Commands
from drone.mavsdk_moves import Moves
from drone.mavsdk_upload import Uploads
from drone.newest import Newest, Part
from patrol.errors import CommandDenied
from patrol.geo import offset
from patrol.telemetry import FlightMode, VelocityNed
from patrol.vehicle import (
    ArmKill,
    ChangeHeight,
    ChangeSpeed,
    Command,
    GoTo,
    Hold,
    Kill,
    Land,
    Orbit,
    PointCamera,
    ReturnHome,
    StandOff,
)
from tests.fakes import ManualClock
from tests.unit.test_plan_words import HOME, a_plan

pytestmark = pytest.mark.anyio
SENT = "something was sent"


def never() -> System:
    raise AssertionError(SENT)


def commands(newest: Newest) -> tuple[Commands, ManualClock, list[str]]:
    """With a plan on board; whatever would be sent is an error of the test."""
    clock, told = ManualClock(), []
    calls = Calls(newest, clock)

    def tell(name: str, _fields: dict[str, object]) -> None:
        told.append(name)

    means = Means(system=never, calls=calls, newest=newest, wall=clock, tell=tell)
    uploads = Uploads(means)
    uploads.plan = a_plan()
    return Commands(means, uploads), clock, told


async def test_a_hold_by_an_old_position_flies_nobody_back_to_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flown_back: list[str] = []

    async def note(_moves: Moves, name: str, _point: object, _height_m: object) -> None:
        flown_back.append(name)

    monkeypatch.setattr(Moves, "_reposition", note)
    newest = in_the_air()
    newest.velocity = VelocityNed(north_m_s=0.0, east_m_s=9.0, down_m_s=0.0)
    deeds, clock, _ = commands(newest)
    clock.now_s = 100.0
    newest.mark(Part.MODE, 100.0)
    newest.mark(Part.POSITION, 90.0)
    with pytest.raises(CommandDenied, match="not done within"):  # it flies on, as far as is known
        await deeds.carry_out(Hold())
    assert flown_back == []


def in_the_air() -> Newest:
    return Newest(
        position=HOME, altitude_amsl_m=42.0, height_above_home_m=30.0, is_in_air=True,
        is_armed=True, mode=FlightMode.HOLD,
        velocity=VelocityNed(north_m_s=0.0, east_m_s=0.0, down_m_s=0.0),
    )  # fmt: skip


FAR = offset(HOME, east_m=5000.0, north_m=0.0)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (GoTo(point=FAR, height_above_home_m=30.0), "outside the plan's fence"),
        (
            StandOff(
                centre=FAR, altitude_amsl_m=12.0, distance_m=30.0, height_above_home_m=30.0
            ),
            "outside the plan's fence",
        ),
        (
            Orbit(centre=HOME, radius_m=900.0, speed_m_s=4.0, height_above_home_m=30.0),
            "outside the plan's fence",
        ),
        (
            Orbit(centre=HOME, radius_m=2.0, speed_m_s=4.0, height_above_home_m=30.0),
            "radius must be",
        ),
        (ChangeHeight(height_above_home_m=500.0), "above the ceiling"),
        (ChangeSpeed(speed_m_s=4.0), "it stands|stands"),
        (PointCamera(pitch_deg=-30.0, bearing_true_deg=0.0), "no gimbal"),
    ],
)  # fmt: skip
async def test_what_leaves_the_plan_or_could_not_be_seen_done_is_refused_and_not_sent(
    command: Command, reason: str
) -> None:
    deeds, _, _ = commands(in_the_air())
    with pytest.raises(CommandDenied, match=reason):
        await deeds.carry_out(command)


async def test_an_aircraft_that_does_not_know_where_it_is_is_sent_nowhere() -> None:
    newest = in_the_air()
    newest.position = None
    deeds, _, _ = commands(newest)
    with pytest.raises(CommandDenied, match="own position is not known"):
        await deeds.carry_out(ChangeHeight(height_above_home_m=20.0))
    newest.is_in_air = None
    with pytest.raises(CommandDenied, match="not in the air"):
        await deeds.carry_out(GoTo(point=HOME, height_above_home_m=20.0))


async def test_one_that_lands_where_it_is_and_is_told_to_return_is_sent_home() -> None:
    newest = in_the_air()
    deeds, clock, _ = commands(newest)
    newest.mode = FlightMode.LAND
    newest.mark(Part.MODE, clock.now_s)
    await deeds.carry_out(Land())
    with pytest.raises(AssertionError, match=SENT):
        await deeds.carry_out(ReturnHome())
    newest.mode = FlightMode.RETURN
    await deeds.carry_out(ReturnHome())
    clock.now_s += 5.0  # that was 5 s ago, and proves nothing about now
    with pytest.raises(AssertionError, match=SENT):
        await deeds.carry_out(ReturnHome())


async def test_a_kill_that_was_prepared_too_long_ago_is_refused() -> None:
    deeds, clock, told = commands(in_the_air())
    token, nothing = "mine", ""
    with pytest.raises(CommandDenied, match="needs a token"):
        await deeds.carry_out(ArmKill(token=nothing))
    await deeds.carry_out(ArmKill(token=token))
    clock.now_s += 10.1
    with pytest.raises(CommandDenied, match="not prepared in the last 10 s"):
        await deeds.carry_out(Kill(token=token))
    assert told == ["kill.armed"]
    await deeds.carry_out(ArmKill(token=token))
    clock.now_s += 9.0
    with pytest.raises(AssertionError, match=SENT):
        await deeds.carry_out(Kill(token=token))
    assert told == ["kill.armed", "kill.armed", "kill.sent"]
