"""One station, two aircraft: neither waits for the other, and every verb finds the right one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from ground_station.sorties import SortieRecord, SortieState
from patrol.geo import offset
from patrol.sighting import Look
from patrol.telemetry import FlightMode
from patrol.vehicle import Hold, ReturnHome
from tests.fakes import GOOD_PARAMETERS, HOME, a_sample
from tests.two_aircraft import GRIDS, NAMES, TwoAircraft, two_aircraft
from tests.unit.test_crowd import a_look, people

pytestmark = pytest.mark.anyio


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[TwoAircraft]:
    async with two_aircraft(tmp_path) as started:
        yield started


def sees_a_crowd(station: TwoAircraft, camera_id: str, for_s: int) -> None:
    """A look a second at thirty people, as the eye of that camera publishes it."""
    for _ in range(for_s):
        station.clock.now_s += 1.0
        look: Look = replace(
            a_look(station.clock.now_s, people(30)), camera_id=camera_id, aircraft_height_agl_m=30.0
        )
        station.bus.publish(look)


def has_landed(station: TwoAircraft, name: str) -> bool:
    return bool(station.shown(name)["state"] == "LANDED")


def commands(station: TwoAircraft, number: int) -> list[type]:
    return [type(command) for command in station.vehicles[number].commands]


async def test_two_sorties_fly_at_once_and_each_verb_reaches_the_aircraft_that_it_names(
    station: TwoAircraft,
) -> None:
    sorties = await station.both_flying()
    assert len(set(sorties)) == 2
    unnamed = await station.post("/sortie/hold", "PILOT")
    assert (unnamed.status_code, unnamed.json()["error"]) == (409, "say which aircraft: GP-1, GP-2")
    stranger = await station.post("/sortie/hold", "PILOT", aircraft="GP-9")
    assert (stranger.status_code, stranger.json()["error"]) == (404, "no aircraft GP-9")
    held = await station.post("/sortie/hold", "PILOT", aircraft="GP-2")
    assert held.json()["sortie"] == sorties[1]
    await station.until(lambda: station.shown("GP-2")["state"] == "HOLDING")
    assert station.shown("GP-1")["state"] == "AIRBORNE"
    assert (Hold in commands(station, 0), Hold in commands(station, 1)) == (False, True)


async def test_what_one_camera_keeps_is_known_where_its_own_words_are_released(
    station: TwoAircraft,
) -> None:
    known = [desks.speaking.drafting._parts.is_counts_only for desks in station.desks]
    assert known == [True, False]


async def test_an_alert_of_one_names_it_holds_it_alone_and_is_spoken_to_by_its_own_loudspeaker(
    station: TwoAircraft,
) -> None:
    await station.both_flying()
    sees_a_crowd(station, "cam-1", 45)
    await station.until(lambda: "alert.raised" in station.told("GP-1"))
    (alert,) = station.board.of("GP-1").get("alerts")
    assert (alert["aircraft"], station.board.of("GP-2").get("alerts")) == ("GP-1", [])
    await station.until(lambda: station.shown("GP-1")["state"] == "HOLDING")
    assert station.shown("GP-2")["state"] == "AIRBORNE"
    assert Hold not in commands(station, 1)
    assert "alert.raised" not in station.told("GP-2")
    kept = await station.records.alert(alert["id"])
    assert kept is not None
    assert kept.aircraft == "GP-1"
    here = offset(kept.place, east_m=0.0, north_m=-40.0)  # where words are understood
    station.vehicles[0]._sample = replace(station.vehicles[0]._sample, position=here)
    path = f"/alerts/{alert['id']}"
    assert (await station.post(f"{path}/acknowledge", "OPER")).status_code == 200
    released = await station.post(f"{path}/announce", "ANNC", template="T01")
    assert released.status_code == 202, released.text
    assert released.json()["aircraft"] == "GP-1"
    await station.until(lambda: "announcement.played" in station.told("GP-1"))
    assert [len(speaker.played) for speaker in station.speakers] == [1, 0]


async def test_a_crowd_that_one_has_an_alert_of_does_not_stop_the_other(
    station: TwoAircraft,
) -> None:
    await station.both_flying()
    sees_a_crowd(station, "cam-1", 45)
    await station.until(lambda: "alert.raised" in station.told("GP-1"))
    sees_a_crowd(station, "cam-2", 45)
    watch = station.desks[1].crowd.watch
    await station.until(lambda: watch is not None and len(watch.looks) == 45)
    assert station.told("GP-2").count("alert.raised") == 0
    assert Hold not in commands(station, 1)


async def test_each_sample_is_recorded_under_the_sortie_of_its_own_aircraft(
    station: TwoAircraft,
) -> None:
    sorties = await station.both_flying()
    for name in (*NAMES, "GP-2"):
        station.telemetry.add(a_sample(vehicle_id=name))
    await station.telemetry.flush()
    rows = [(await station.telemetry.summary(sortie)).rows for sortie in sorties]
    assert rows == [1, 2]
    home = await station.post("/sortie/return", "PILOT", aircraft="GP-2")
    assert home.status_code == 200, home.text
    await station.until(lambda: station.shown("GP-2")["state"] == "LANDED")
    assert [station.telemetry.sortie_of(name) for name in NAMES] == [sorties[0], ""]
    assert ReturnHome not in commands(station, 0)


async def test_the_log_of_one_is_signed_and_closed_while_the_other_flies(
    station: TwoAircraft,
) -> None:
    _, second = await station.both_flying()
    await station.post("/sortie/return", "PILOT", aircraft="GP-2")
    await station.until(lambda: station.shown("GP-2")["state"] == "LANDED")
    for role in ("PILOT", "REG"):
        answer = await station.post(f"/sorties/{second}/sign", role)
        assert answer.status_code == 200, answer.text
    await station.until(lambda: "log.closed" in station.told("GP-2"))
    assert station.shown("GP-2")["state"] == "CLOSED"
    assert station.shown("GP-1")["state"] == "AIRBORNE"


async def test_a_silent_aircraft_does_not_delay_the_launch_of_another(
    station: TwoAircraft,
) -> None:
    station.vehicles[0].latest = lambda: None  # type: ignore[method-assign]
    nobody = await station.post("/plans", "LEAD", grid_code="440512001002006", aircraft="GP-1")
    assert nobody.status_code == 409
    launched = await station.post("/sorties", "PILOT", plan_id=await station.planned(1))
    assert launched.status_code == 202, launched.text
    await station.until(lambda: station.shown("GP-2").get("state") == "AIRBORNE")


async def test_beside_one_that_may_still_fly_since_a_restart_none_rises_but_by_a_persons_word(
    station: TwoAircraft,
) -> None:
    station.vehicles[0].is_unheard = True
    station.desks[0].sorties._known = anyio.Event()
    plan_id = await station.planned(1)
    await station.post("/sorties", "PILOT", plan_id=plan_id)
    await station.until(lambda: "sortie.aborted" in station.told("GP-2"))
    (told,) = [e for e in station.board.state()["story"] if e["event"] == "sortie.aborted"]
    assert "GP-1 may be in the air" in str(told["findings"])
    said = {"remote_id_ok": True, "weather": "clear", "on_ground": ["GP-1"]}
    await station.post("/sorties", "PILOT", plan_id=plan_id, declaration=said)
    await station.until(lambda: station.shown("GP-2").get("state") == "AIRBORNE")


async def test_a_plan_is_flown_by_the_aircraft_that_is_named_and_not_by_two_at_once(
    station: TwoAircraft,
) -> None:
    plan_id = await station.planned(0)
    near = station.vehicles[1]._sample
    home = offset(station.vehicles[0]._sample.home or near.home, east_m=2.0, north_m=0.0)  # type: ignore[arg-type]
    station.vehicles[1]._sample = replace(near, home=home, position=home)
    flown = await station.post("/sorties", "PILOT", plan_id=plan_id, aircraft="GP-2")
    assert (flown.status_code, flown.json()["aircraft"]) == (202, "GP-2")
    again = await station.post("/sorties", "PILOT", plan_id=plan_id)
    assert (again.status_code, again.json()["error"]) == (
        409, f"plan {plan_id} is being flown by GP-2"
    )  # fmt: skip


async def test_a_second_plan_of_the_same_grid_is_the_same_route(station: TwoAircraft) -> None:
    plans = []
    first, second = station.vehicles
    beside = offset(first._sample.home or HOME, east_m=60.0, north_m=0.0)
    second._sample = replace(second._sample, home=beside, position=beside)
    for name in NAMES:  # each from a home of its own: the ring begins elsewhere
        made = await station.post("/plans", "LEAD", grid_code=GRIDS[0], aircraft=name)
        body = made.json()
        plans.append(str(body["plan"]["plan_id"]))
        await station.post(f"/plans/{plans[-1]}/approve", "LEAD", digest=body["digest"])
    assert (await station.post("/sorties", "PILOT", plan_id=plans[0])).status_code == 202
    again = await station.post("/sorties", "PILOT", plan_id=plans[1])
    assert again.status_code == 409
    assert f"is that of plan {plans[0]}, which is being flown by GP-1" in again.json()["error"]


async def test_a_sortie_that_is_taken_over_takes_its_route_too(station: TwoAircraft) -> None:
    plan_id = await station.planned(0)
    plan = station.plans.found(plan_id).plan
    earlier = SortieRecord(
        sortie_id="M-0-S01", plan_id="M-0", plan_digest=plan.digest, vehicle_id="GP-1",
        grid_code=plan.grid_code, grid_name=plan.grid_name, register_version="sample-1",
        state=SortieState.PREFLIGHT, created_utc=station.clock.now_utc(), is_exercise=True,
        waypoint_total=len(plan.waypoints),
    )  # fmt: skip
    flying = replace(
        station.vehicles[0]._sample, mode=FlightMode.MISSION, is_in_air=True, is_armed=True
    )
    station.vehicles[0]._sample = flying
    await station.desks[0].sorties.adopt(earlier, replace(plan, plan_id="M-0"))
    refused = await station.post("/sorties", "PILOT", plan_id=plan_id, aircraft="GP-2")
    assert refused.status_code == 409
    assert "being flown by GP-1" in refused.json()["error"]


async def test_two_that_stand_side_by_side_rise_one_after_the_other(station: TwoAircraft) -> None:
    first, second = station.vehicles
    beside = offset(first._sample.position or second._sample.home, east_m=5.0, north_m=0.0)  # type: ignore[arg-type]
    second._sample = replace(second._sample, home=beside, position=beside)
    second.facts = replace(second.facts, parameters=GOOD_PARAMETERS | {"RTL_TYPE": 2.0})
    plan_ids = [await station.planned(number) for number in (0, 1)]
    await station.post("/sorties", "PILOT", plan_id=plan_ids[0])
    await station.until(lambda: station.shown("GP-1").get("state") == "AIRBORNE")
    await station.post("/sorties", "PILOT", plan_id=plan_ids[1])
    await station.until(lambda: "sortie.aborted" in station.told("GP-2"))
    (told,) = [e for e in station.board.state()["story"] if e["event"] == "sortie.aborted"]
    (finding,) = [f for f in told["findings"] if f["level"] == "stop"]
    assert finding["code"] == "separation.launch"
    assert "GP-1 rises or flies" in finding["text"]
    assert finding["text_zh"]
    away = offset(beside, east_m=300.0, north_m=0.0)
    first._sample = replace(first._sample, position=away)
    assert first._sample.mode is FlightMode.MISSION
    await station.post("/sorties", "PILOT", plan_id=plan_ids[1])
    await station.until(lambda: station.shown("GP-2").get("state") == "AIRBORNE")


async def test_what_each_flies_belongs_to_the_open_shift_and_its_pilot_stays_while_one_flies(
    station: TwoAircraft,
) -> None:
    opened = await station.post("/shift", "PILOT")
    assert opened.status_code == 201, opened.text
    sorties = await station.both_flying()
    shift = (await station.http.get("/api/shift")).json()
    assert sorted(one["id"] for one in shift["log"]["sorties"]) == sorted(sorties)
    for name in NAMES:
        leaves = await station.post("/shift/sign-out", "PILOT")
        assert leaves.status_code == 409, "somebody has to fly it"
        await station.post("/sortie/return", "PILOT", aircraft=name)
        await station.until(partial(has_landed, station, name))
    assert (await station.post("/shift/sign-out", "PILOT")).status_code == 200
