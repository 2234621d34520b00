"""Every way in which a mission transfer can go wrong, through the real vehicle on a real wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import anyio
import anyio.lowlevel
import pytest
from pymavlink.dialects.v20 import common as mavlink

from patrol.errors import CommandDenied
from patrol.plan import MissionPlan
from patrol.vehicle import Upload
from sim.faults import Fault
from sim.mission_protocol import FENCE, MISSION
from tests.wire.test_sim_aircraft import a_loop
from tests.wire.twins import Twin, a_twin, second_station

# All failures of a transfer are tried at once in one fixture, and each takes its time.
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]
TWINS = 12  # MAVSDK corrupts its memory beyond 16 of its objects in a process
UPLOADS = 24  # `gridpatrol bench uploads` makes a hundred and more
WEAK_LINKS = 3

INTACT = ""
NOT_READ = "upload fence: it could not be read back: no answer"
ERROR = "upload fence: the autopilot answered with an error"
NO_ANSWER = "upload mission: no answer; something else is on board; item 0: another value"
# What the operator is told. The fence is on board from before, so it is the mission that misses.
TABLE = {
    Fault.READ_LIST_NO_ANSWER: NOT_READ,
    Fault.READ_ITEM_0_NO_ANSWER: NOT_READ,
    Fault.READ_ITEM_1_NO_ANSWER: NOT_READ,
    Fault.READ_ITEM_0_WRONG_SEQUENCE: NOT_READ,
    Fault.READ_ITEM_1_WRONG_SEQUENCE: NOT_READ,
    Fault.READ_ITEM_0_ERROR: NOT_READ,
    Fault.READ_ITEM_1_ERROR: NOT_READ,
    Fault.WRITE_COUNT_NO_ANSWER: NO_ANSWER,
    Fault.WRITE_REQUEST_1_NO_ANSWER: NO_ANSWER,
    Fault.WRITE_REQUEST_0_WRONG_SEQUENCE: NO_ANSWER,
    Fault.WRITE_REQUEST_1_WRONG_SEQUENCE: NO_ANSWER,
    Fault.WRITE_FINAL_ACK_NO_ANSWER: INTACT,
    Fault.READ_LIST_FIRST_LOST: INTACT,
    Fault.READ_ITEM_1_FIRST_LOST: INTACT,
    Fault.UPLOAD_FIRST_REQUEST_LOST: INTACT,
    Fault.READ_COUNT_WRONG: "upload fence: something else is on board; 3 items came back of 4",
    Fault.WRITE_REQUEST_0_ERROR: ERROR,
    Fault.WRITE_REQUEST_1_ERROR: ERROR,
    Fault.MISSION_ACK_WRONG: ERROR,
    Fault.WRITE_FINAL_ACK_EARLY: ERROR,
    Fault.STORED_ITEM_CHANGED: "upload fence: something else is on board; item 3: another place",
    Fault.STRAY_ACK: INTACT,
    Fault.STRAY_ITEM: INTACT,
    Fault.STRAY_REQUEST: INTACT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an upload under a fault came to, and the next one without it."""

    told: str
    is_confirmed: bool
    is_aboard: bool
    told_once_mended: str
    is_aboard_once_mended: bool


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(slots=True)
class Tried:
    """What came of it all."""

    outcomes: dict[Fault, Outcome] = field(default_factory=dict)
    is_intact: list[bool] = field(default_factory=list)  # uploads at 5 % loss
    told_by_weak_links: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
async def tried() -> Tried:
    """All faults at once, each aircraft takes its share: silence takes its time."""
    tried, faults = Tried(), list(TABLE)

    async def try_out(number: int) -> None:
        async with a_twin(seed=number) as twin:
            twin.link.vehicle._uploads.rounds = 1
            for fault in faults[number::TWINS]:
                tried.outcomes[fault] = await outcome(twin, fault)
            twin.link.vehicle._uploads.rounds = 4
            twin.aircraft.inject(Fault.PACKET_LOSS, 5.0)
            for turn in range(number, UPLOADS, TWINS):
                plan = a_short(2.0 + turn / 20.0)
                told = await twin.uploaded(plan)
                tried.is_intact.append(told == INTACT and twin.holds(plan))

    async def upload(number: int) -> None:
        async with a_twin(seed=number) as twin:
            twin.link.vehicle._uploads.rounds = 1
            tried.told_by_weak_links.append(await told_at_thirty_per_cent(twin))

    async with anyio.create_task_group() as group:
        for number in range(TWINS):
            group.start_soon(try_out, number)
        for number in range(WEAK_LINKS):
            group.start_soon(upload, number)
    return tried


async def told_at_thirty_per_cent(twin: Twin) -> str:
    plan = a_short(5.0)
    bare = replace(plan.waypoints[0], gimbal_pitch_deg=None, camera_bearing_true_deg=None)
    plan = replace(plan, waypoints=(bare,))
    twin.aircraft.inject(Fault.PACKET_LOSS, 30.0)
    words = await twin.uploaded(plan)
    twin.aircraft.clear(Fault.PACKET_LOSS)
    assert await twin.is_confirmed() == (words == INTACT)
    assert twin.holds(plan) or words != INTACT
    return words


async def outcome(twin: Twin, fault: Fault) -> Outcome:
    before, plan = a_short(4.0), a_short(5.0)
    assert await twin.uploaded(before) == INTACT
    twin.aircraft.inject(fault)
    told = await twin.uploaded(plan)
    is_confirmed, is_aboard = await twin.is_confirmed(), twin.holds(plan)
    twin.aircraft.clear(fault)
    return Outcome(
        told=told, is_confirmed=is_confirmed, is_aboard=is_aboard,
        told_once_mended=await twin.uploaded(plan), is_aboard_once_mended=twin.holds(plan),
    )  # fmt: skip


def a_short(speed_m_s: float) -> MissionPlan:
    """Two legs; the speed tells one plan from the next."""
    plan = a_loop()
    waypoints = (replace(waypoint, speed_m_s=speed_m_s) for waypoint in plan.waypoints[:2])
    return replace(plan, waypoints=tuple(waypoints))


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
async def test_a_mission_transfer_that_fails_is_told_in_words_and_never_taken_for_right(
    tried: Tried, fault: Fault
) -> None:
    outcome = tried.outcomes[fault]
    assert outcome.told == TABLE[fault]
    assert outcome.is_confirmed == (TABLE[fault] == INTACT)
    assert outcome.is_aboard or not outcome.is_confirmed
    assert (outcome.told_once_mended, outcome.is_aboard_once_mended) == (INTACT, True)


def test_every_upload_is_intact_at_five_per_cent_loss_each_way(tried: Tried) -> None:
    assert tried.is_intact == [True] * UPLOADS


def test_at_thirty_per_cent_loss_an_upload_is_intact_or_refused_in_words(
    tried: Tried,
) -> None:
    assert len(tried.told_by_weak_links) == WEAK_LINKS
    for words in tried.told_by_weak_links:
        assert words == INTACT or words.partition(": ")[2], words


@pytest.fixture(scope="module")
async def twin() -> AsyncIterator[Twin]:
    async with a_twin() as twin:
        yield twin


async def test_a_plan_of_no_waypoints_is_refused_and_one_of_two_thousand_is_uploaded(
    twin: Twin,
) -> None:
    plan = a_short(4.0)
    assert await twin.uploaded(plan) == INTACT
    empty = await twin.uploaded(replace(plan, waypoints=()))
    assert "no waypoint" in empty
    assert not await twin.is_confirmed()
    loose = await twin.uploaded(replace(plan, fence=plan.fence[:2]))
    assert "fewer than three corners" in loose
    long = a_long()
    assert await twin.uploaded(long) == INTACT  # and not one item of them other than sent
    assert len(twin.aircraft.autopilot.mission) == 2000
    assert await twin.is_confirmed()


def a_long() -> MissionPlan:
    """Two thousand items: one for the speed, the rest to fly to."""
    plan = a_short(4.0)
    bare = replace(plan.waypoints[0], gimbal_pitch_deg=None, camera_bearing_true_deg=None)
    return replace(plan, waypoints=(bare,) * 1999)


async def test_a_fence_that_another_station_takes_away_during_an_upload_is_noticed(
    twin: Twin,
) -> None:
    told: list[str] = []

    async def upload() -> None:
        told.append(await twin.uploaded(a_long()))

    missions = twin.aircraft._missions
    with second_station(twin.port) as send:
        async with anyio.create_task_group() as group:
            group.start_soon(upload)
            with anyio.fail_after(10.0):
                while missions.upload is None or missions.upload.mission_type != MISSION:
                    await anyio.lowlevel.checkpoint()  # the fence has been read back by now
            send(mavlink.MAVLink_mission_clear_all_message(1, 1, FENCE))
    assert told == ["upload: what is on board was changed by another meanwhile"]
    assert twin.aircraft.autopilot.fence.areas == ()
    assert not await twin.is_confirmed()


async def test_an_upload_that_is_broken_off_leaves_the_mission_unconfirmed(twin: Twin) -> None:
    assert await twin.uploaded(a_short(4.0)) == INTACT
    twin.aircraft.inject(Fault.WRITE_REQUEST_1_NO_ANSWER)
    broken_off: list[CommandDenied] = []

    async def upload() -> None:
        with pytest.raises(CommandDenied) as caught:
            await twin.link.vehicle.do(Upload(plan=a_short(5.0)))
        broken_off.append(caught.value)

    async with anyio.create_task_group() as group:
        group.start_soon(upload)
        await anyio.wait_all_tasks_blocked()
        async with twin.link.vehicle._calls.turn(2):  # as a return home does
            assert "broken off" in broken_off[0].reason
    assert not await twin.is_confirmed()
    twin.aircraft.clear(Fault.WRITE_REQUEST_1_NO_ANSWER)
    assert await twin.uploaded(a_short(5.0)) == INTACT
