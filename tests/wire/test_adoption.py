"""What a station finds at its start: a sortie in the air, one that is over, and one not ours."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from ground_station.adoption import Adoption, tell_left_out
from ground_station.plan_desk import Drawn
from ground_station.sorties import SortieRecord, SortieState
from patrol.errors import LinkLost, StoreFull
from patrol.plan import MissionPlan
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Command, Recognise
from tests.fakes import START, a_sample
from tests.ground_core import SYSTEM, an_alert
from tests.unit.test_plan_words import a_plan
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # fixture

pytestmark = pytest.mark.anyio
SORTIE = "M-1-S01"
FLYING = a_sample(mode=FlightMode.MISSION, mission_item=1)
ON_THE_GROUND = a_sample(mode=FlightMode.READY, is_armed=False, is_in_air=False)


async def left_behind(house: House, sortie: str = SORTIE) -> MissionPlan:
    """What an earlier run has in its records: a plan, and a sortie without an end."""
    plan = a_plan().approved("李", START)
    await house.records.save_plan(plan, cause=SYSTEM, at_utc=START)
    record = SortieRecord(
        sortie_id=sortie, plan_id=plan.plan_id, plan_digest=plan.digest, vehicle_id="GP-1",
        grid_code=plan.grid_code, grid_name=plan.grid_name, register_version="sample-1",
        state=SortieState.PREFLIGHT, created_utc=START, is_exercise=True,
        waypoint_total=len(plan.waypoints),
    )  # fmt: skip
    await house.records.save_sortie(record, cause=SYSTEM, at_utc=START, action="sortie.launched")
    house.vehicle.is_frozen = True
    return plan


def adoption(house: House) -> Adoption:
    return Adoption(
        records=house.records, telemetry=house.telemetry, vehicle=house.vehicle,
        flyer=house.sorties, bus=house.bus, world=house.clock, wall=house.clock,
        on_known=house.sorties.know_the_aircraft, on_found=house.sorties.show_found,
    )  # fmt: skip


async def state_of(house: House, sortie: str = SORTIE) -> tuple[SortieState, str]:
    record = await house.records.sortie(sortie)
    assert record is not None
    return record.state, " ".join(record.abnormal)


def flown_before(house: House, sample: TelemetrySample = FLYING) -> None:
    house.telemetry.begin("GP-1", SORTIE)
    house.telemetry.add(sample)
    house.telemetry.end("GP-1")


async def test_an_aircraft_on_its_plan_is_taken_over_with_its_alerts(house: House) -> None:
    house.vehicle.plan = await left_behind(house)
    flown_before(house)
    await house.telemetry.flush()
    alert = replace(an_alert(), sortie=SORTIE)
    await house.records.save_alert(alert, cause=SYSTEM, at_utc=START, action="alert.raised")
    house.vehicle._sample = FLYING
    await adoption(house).run()
    await house.until(lambda: "sortie.adopted" in house.told())
    assert [type(command) for command in house.vehicle.commands] == [Recognise]
    assert house.sorties.plan is not None, "the guardian guards it"
    assert house.telemetry.sortie_of("GP-1") == SORTIE
    assert [shown["id"] for shown in house.shown.get("alerts")] == [ALERT]
    answer = await house.post(f"/alerts/{ALERT}/acknowledge", "OPER")
    assert answer.status_code == 200, answer.text
    assert (await house.post("/sortie/return", "PILOT")).status_code == 200
    await house.until(lambda: "landed" in house.told())
    await house.until(lambda: house.shown.get("sortie")["state"] == "LANDED")
    record = await house.records.sortie(SORTIE)
    assert record is not None
    assert (record.state, record.takeoff_utc) == (SortieState.LANDED, START)


async def test_with_another_mission_on_board_it_commands_nothing_and_says_why(
    house: House,
) -> None:
    await left_behind(house)
    house.vehicle._sample = FLYING
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: "sortie.not_adopted" in house.told())
        assert {type(command) for command in house.vehicle.commands} == {Recognise}
        assert house.sorties.plan is None
        assert house.telemetry.sortie_of("GP-1") == SORTIE, "what is heard is recorded all the same"
        refused = await house.post("/sortie/return", "PILOT")
        assert refused.status_code == 409
        flown_before(house)
        house.vehicle._sample = ON_THE_GROUND
        await house.until(lambda: "sortie.found_ended" in house.told())
        group.cancel_scope.cancel()
    assert house.told().count("sortie.not_adopted") == 1
    assert (await state_of(house))[0] is SortieState.LANDED


async def test_a_plan_that_is_not_the_launched_one_is_not_even_compared(house: House) -> None:
    plan = await left_behind(house)
    other = replace(plan, ceiling_agl_m=90.0)
    await house.records.save_plan(other, cause=SYSTEM, at_utc=START)
    house.vehicle._sample, house.vehicle.plan = FLYING, other
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: "sortie.not_adopted" in house.told())
        group.cancel_scope.cancel()
    assert not house.vehicle.commands


@pytest.mark.parametrize(
    ("has_flown", "state", "words"),
    [
        (True, SortieState.LANDED, "not running when it landed"),
        (False, SortieState.ABORTED, "before a take-off was recorded"),
    ],
)
async def test_a_sortie_that_ended_meanwhile_gets_its_end_and_can_be_signed(
    house: House, has_flown: bool, state: SortieState, words: str
) -> None:
    await left_behind(house)
    if has_flown:
        flown_before(house)
    house.vehicle._sample = ON_THE_GROUND
    await adoption(house).run()
    kept, why = await state_of(house)
    assert (kept, words in why) == (state, True)
    assert not house.vehicle.commands
    for role in ("PILOT", "REG"):
        answer = await house.post(f"/sorties/{SORTIE}/sign", role)
        assert answer.status_code == 200, answer.text
    await house.until(lambda: "log.closed" in house.told())


async def test_an_open_sortie_is_on_the_board_before_its_aircraft_is_heard(house: House) -> None:
    await left_behind(house)
    house.vehicle.latest = lambda: None  # type: ignore[method-assign]
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: house.shown.get("sortie"))
        shown = house.shown.get("sortie")
        assert (shown["id"], shown["state"]) == (SORTIE, "UNKNOWN")
        del house.vehicle.latest
        house.vehicle._sample = ON_THE_GROUND
        await house.until(lambda: "sortie.found_ended" in house.told())
        await house.until(lambda: house.shown.get("sortie") is None)


async def test_a_full_disk_keeps_nobody_from_guarding_what_is_in_the_air(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left_behind(house, "M-1-S00")
    house.vehicle.plan = await left_behind(house)
    flown_before(house)
    await house.telemetry.flush()
    flown_before(house)  # and some that waits

    async def full(_: object) -> None:
        raise StoreFull("the disk is full", text_zh="磁盘已满")

    async def full_too(*_: object, **__: object) -> None:
        raise StoreFull("the disk is full", text_zh="磁盘已满")

    monkeypatch.setattr(house.telemetry, "write", full)
    monkeypatch.setattr(house.records, "save_sortie", full_too)
    house.vehicle._sample = FLYING
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: "sortie.adopted" in house.told())
        assert house.sorties.plan is not None, "the guardian guards it"
        assert house.sorties._flight is not None
        assert house.sorties._flight.record.takeoff_utc == FLYING.time_utc
        assert (await house.post("/sortie/hold", "PILOT")).status_code == 200
        monkeypatch.undo()
        with anyio.fail_after(5):
            while (await state_of(house, "M-1-S00"))[0] is not SortieState.ABORTED:
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert house.telemetry.sortie_of("GP-1") == SORTIE


async def test_of_several_sorties_without_an_end_only_the_newest_can_be_in_the_air(
    house: House,
) -> None:
    house.vehicle.plan = await left_behind(house, "M-1-S01")
    await left_behind(house, "M-1-S02")
    house.vehicle._sample = FLYING
    await adoption(house).run()
    await house.until(lambda: "sortie.adopted" in house.told())
    assert (await state_of(house, "M-1-S01"))[0] is SortieState.ABORTED
    assert house.shown.get("sortie")["id"] == "M-1-S02"


async def test_a_sortie_of_an_aircraft_that_is_not_in_the_settings_any_more_is_named(
    house: House,
) -> None:
    await left_behind(house)
    await tell_left_out(house.records, {"GP-1"}, house.bus, house.clock)
    await house.chronicle.settled()
    assert not house.told(), "its own is for the adoption"
    await tell_left_out(house.records, {"GP-2", "GP-3"}, house.bus, house.clock)
    await house.until(lambda: house.told() == ["sortie.not_adopted"])
    (event,) = house.board.state()["story"]
    assert (event["sortie"], event["aircraft"]) == (SORTIE, "GP-1")
    assert "not in the settings" in event["reason"]


async def test_until_it_is_known_what_the_aircraft_does_nothing_is_launched(house: House) -> None:
    plan = await left_behind(house)
    house.sorties._known = anyio.Event()
    other = replace(plan, plan_id="M-9")
    await house.records.save_plan(other, cause=SYSTEM, at_utc=START)
    house.plans.keep(Drawn(plan=other, findings=[], aircraft="GP-1"))
    house.vehicle._sample = a_sample(mode=FlightMode.UNKNOWN, is_in_air=None)
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        answer = await house.post("/sorties", "PILOT", plan_id="M-9")
        assert (answer.status_code, "not known yet" in answer.text) == (409, True)
        assert "尚不清楚" in answer.json()["error_zh"]
        assert not house.vehicle.commands
        house.vehicle._sample = ON_THE_GROUND
        await house.until(lambda: "sortie.found_ended" in house.told())
    answer = await house.post("/sorties", "PILOT", plan_id="M-9")
    assert answer.status_code == 202, answer.text


async def test_a_link_that_is_lost_while_it_reads_back_is_tried_again(house: House) -> None:
    house.vehicle.plan = await left_behind(house)
    house.vehicle._sample = FLYING
    obey, tries = house.vehicle.do, 0

    async def deaf_once(command: Command) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LinkLost("GP-1 was last heard 4 s ago")
        await obey(command)

    house.vehicle.do = deaf_once  # type: ignore[method-assign]
    await adoption(house).run()
    await house.until(lambda: "sortie.adopted" in house.told())
    assert house.told().count("sortie.not_adopted") == 1


async def test_what_is_heard_is_recorded_before_its_mode_is_known(house: House) -> None:
    house.vehicle.plan = await left_behind(house)
    house.vehicle._sample = replace(FLYING, mode=FlightMode.UNKNOWN)
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: house.telemetry.sortie_of("GP-1") == SORTIE)
        assert house.sorties.plan is None, "nothing is known yet"
        assert not house.vehicle.commands
        group.cancel_scope.cancel()
