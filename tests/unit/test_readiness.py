"""A launch waits a bounded time for what may come right by itself, and says what that is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from ground_station.live import Board
from ground_station.readiness import Readiness
from patrol.bus import Bus
from patrol.declaration import Declaration
from patrol.errors import SpeakerUnreachable
from patrol.plan import Finding, Level
from patrol.story import StoryEvent
from patrol.vehicle import Facts
from tests.fakes import GOOD_FACTS, START, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
SAID = Declaration(by="Zheng", at_utc=START, remote_id_ok=True, weather="clear", terrain="flat")


@dataclass(slots=True)
class Waking:
    """An autopilot that is ready after so many questions; no loudspeaker."""

    vehicle: FakeVehicle
    left: int
    asked: list[Facts] = field(default_factory=list)

    async def ask(self) -> Facts:
        self.left -= 1
        self.asked.append(replace(GOOD_FACTS, is_armable=self.left < 0))
        return self.asked[-1]

    async def health(self) -> None:
        raise SpeakerUnreachable("nobody there")


async def checked(asks: int) -> tuple[list[str], list[StoryEvent], Waking]:
    clock, bus = ManualClock(), Bus()
    vehicle = FakeVehicle(clock, bus)
    vehicle._sample = a_sample(is_armed=False, is_in_air=False)
    waking = Waking(vehicle=vehicle, left=asks)
    vehicle.ask = waking.ask  # type: ignore[method-assign]
    readiness = Readiness(
        vehicle=vehicle, speaker=waking, board=Board(), bus=bus, world=clock, wall=clock,  # type: ignore[arg-type]  # of the loudspeaker its health is asked alone
        within_s=5.0,
    )  # fmt: skip
    with bus.subscribe(StoryEvent) as events:
        found = await readiness.check(a_plan(), SAID)
        stopping = [finding.code for finding in found if finding.level is Level.STOP]
        return stopping, events.take_all(), waking


async def test_an_autopilot_that_is_soon_ready_is_waited_for_and_the_reason_told_once() -> None:
    stopping, events, waking = await checked(asks=5)
    assert not stopping
    (told,) = events
    assert told.name == "preflight.waits"
    assert "not ready to arm" in told.fields["reason"]
    assert "未就绪" in told.fields["reason_zh"]
    assert len(waking.asked) > 5


async def test_one_that_is_never_ready_is_refused_after_the_time_that_was_set() -> None:
    stopping, events, waking = await checked(asks=1000)
    assert stopping == ["armable.no"]
    assert len(events) == 1
    assert waking.vehicle.clock.now_s < 7.0


async def test_waiting_for_room_is_told_once_however_the_metres_change() -> None:
    clock, bus = ManualClock(), Bus()
    vehicle = FakeVehicle(clock, bus)
    vehicle._sample = a_sample(is_armed=False, is_in_air=False)
    asked: list[float] = []

    def room(_said: Declaration | None) -> list[Finding]:
        asked.append(clock.now_s)
        away = f"GP-2 rises or flies {20 + len(asked)} m away"
        stop = Finding(code="separation.launch", level=Level.STOP, text=away, text_zh="GP-2起飞")
        return [stop] if len(asked) < 20 else []

    readiness = Readiness(
        vehicle=vehicle, speaker=Waking(vehicle=vehicle, left=0), board=Board(), bus=bus,  # type: ignore[arg-type]
        world=clock, wall=clock, within_s=5.0, room=room,
    )  # fmt: skip
    with bus.subscribe(StoryEvent) as events:
        found = await readiness.check(a_plan(), SAID)
        (told,) = events.take_all()
    assert not [finding for finding in found if finding.level is Level.STOP]
    assert told.name == "preflight.waits"
    assert told.fields["reason"] == "GP-2 rises or flies 21 m away"
    assert (told.fields["reason_zh"], told.fields["within_s"]) == ("GP-2起飞", 60.0)
