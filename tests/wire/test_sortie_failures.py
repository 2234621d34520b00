"""What goes wrong around a sortie, and what the station still allows and says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ground_station.live import Board
from ground_station.story_text import _SENTENCES
from missions.request import default_home
from patrol.errors import CommandDenied, StoreUnavailable
from patrol.plan import Finding, Level
from patrol.vehicle import Command, ReturnHome, TakeOff
from tests.ground_core import GRID, SYSTEM, an_alert
from tests.unit.test_live_board import an_event, following, reading
from tests.wire.test_serve_command import NOBODY, alone, config, is_told, refused, serving
from tests.wire.test_web_api import ALERT, REGISTER, SITE_HEADERS, House, house

__all__ = ["alone", "house"]  # fixtures

pytestmark = pytest.mark.anyio


def at_grid(house: House) -> None:
    home = default_home(REGISTER.get(GRID))
    house.vehicle._sample = replace(house.vehicle._sample, home=home, position=home)


async def approved_plan(house: House) -> str:
    at_grid(house)
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    plan_id = str(made["plan"]["plan_id"])
    done = await house.post(f"/plans/{plan_id}/approve", "LEAD", digest=made["digest"])
    assert done.status_code == 200, done.text
    return plan_id


async def state_of(house: House, state: str) -> None:
    await house.until(lambda: (house.shown.get("sortie") or {}).get("state") == state)


async def test_an_event_told_while_another_is_being_sent_is_not_lost() -> None:
    board = Board()
    async with reading(board.messages()) as messages:
        await following(messages)
        board.tell(an_event(1))
        assert (await following(messages))["event"]["index"] == 1
        board.tell(an_event(2))  # the console has not taken the first one off the wire yet
        assert (await following(messages))["event"]["index"] == 2


async def test_with_the_link_lost_in_the_air_the_pilot_can_still_bring_it_home(
    house: House,
) -> None:
    house.vehicle.is_frozen = True
    plan_id = await approved_plan(house)
    await house.post("/sorties", "PILOT", plan_id=plan_id)
    await house.until(lambda: "airborne" in house.told())
    tell = house.vehicle.latest
    silent = replace(house.vehicle._sample, heard_at_s=-100.0)
    house.vehicle.latest = lambda: silent  # type: ignore[method-assign]
    await house.until(lambda: "sortie.trouble" in house.told())
    house.vehicle.latest = tell  # type: ignore[method-assign]  # the link is back
    again = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert again.status_code == 409, "a second launch of an aircraft that is in the air"
    home = await house.post("/sortie/return", "PILOT")
    assert home.status_code == 200, home.text
    assert isinstance(house.vehicle.commands[-1], ReturnHome)


async def test_a_climb_that_is_not_confirmed_leaves_the_sortie_open_and_return_possible(
    house: House,
) -> None:
    vehicle = house.vehicle
    obey = vehicle.do

    async def half_climbed(command: Command) -> None:
        await obey(command)
        if isinstance(command, TakeOff):
            raise CommandDenied("take off", "not done within 70 s")

    vehicle.do = half_climbed  # type: ignore[method-assign]
    await house.post("/sorties", "PILOT", plan_id=await approved_plan(house))
    await house.until(lambda: "sortie.trouble" in house.told())
    assert house.sorties.plan is not None, "the guardian goes on guarding"
    home = await house.post("/sortie/return", "PILOT")
    assert home.status_code == 200, home.text
    await state_of(house, "LANDED")
    assert "sortie.aborted" not in house.told()


async def test_an_aircraft_that_does_not_say_whether_it_flies_is_not_launched(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    house.vehicle._sample = replace(house.vehicle._sample, is_in_air=None)
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert (answer.status_code, "on the ground" in answer.text) == (409, True)


async def test_outside_an_exercise_no_automatic_operator_approves_or_launches(
    house: House,
) -> None:
    house.sorties._parts = replace(house.sorties._parts, is_exercise=False)
    house.plans._parts = replace(house.plans._parts, is_exercise=False)
    at_grid(house)
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    plan_id, digest = made["plan"]["plan_id"], made["digest"]
    path = f"/plans/{plan_id}/approve"
    robot = await house.let_in("robot", is_automatic=True)
    body = {"role": "LEAD", "digest": digest}
    answer = await house.http.post(f"/api{path}", json=body, headers=robot)
    assert (answer.status_code, "exercise" in answer.text) == (409, True)
    await house.post(path, "LEAD", digest=digest)
    body = {"role": "PILOT", "plan_id": plan_id}
    answer = await house.http.post("/api/sorties", json=body, headers=robot)
    assert (answer.status_code, "exercise" in answer.text) == (409, True)


async def test_a_log_kept_open_by_an_alert_is_closed_once_the_alert_is_settled(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await house.until(lambda: "airborne" in house.told())
    assert house.crowd.watch is not None
    alert = house.crowd.watch.alerts[ALERT] = replace(an_alert(), sortie=sortie)
    await house.records.save_alert(
        alert, cause=SYSTEM, at_utc=house.clock.now_utc(), action="alert.raised"
    )
    await state_of(house, "LANDED")
    await house.post(f"/sorties/{sortie}/sign", "PILOT")
    early = await house.post(f"/sorties/{sortie}/sign", "REG")
    assert (early.status_code, "open alerts" in early.text) == (409, True)
    await house.post(f"/alerts/{ALERT}/acknowledge", "OPER")
    await house.post(f"/alerts/{ALERT}/dismiss", "OPER", reason="a queue")
    signed = await house.post(f"/sorties/{sortie}/sign", "REG")
    assert signed.status_code == 200, signed.text


async def test_a_grid_is_flown_a_second_time_under_an_approval_and_a_number_of_its_own(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await state_of(house, "LANDED")
    for role in ("PILOT", "REG"):
        await house.post(f"/sorties/{sortie}/sign", role)
    assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 409
    answer = await house.post("/sorties", "PILOT", plan_id=await approved_plan(house))
    assert answer.status_code == 202, answer.text
    assert answer.json()["sortie"] != sortie


async def test_a_launch_after_an_aborted_one_does_not_write_over_its_record(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    house.sorties._parts = replace(house.sorties._parts, preflight=lambda *_: _found(Level.STOP))
    first = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await house.until(lambda: "sortie.aborted" in house.told())
    await house.until(lambda: house.sorties._flight is None)
    house.sorties._parts = replace(house.sorties._parts, preflight=lambda *_: _found(Level.NOTE))
    second = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await state_of(house, "LANDED")
    assert second != first
    kept = await house.records.sortie(first)
    assert kept is not None
    assert kept.state.value == "ABORTED"


async def _found(level: Level) -> list[Finding]:
    return [Finding(code="gnss.weak", level=level, text="weak")]


async def test_a_launch_that_could_not_be_stored_leaves_the_next_one_possible(
    house: House,
) -> None:
    plan_id, store = await approved_plan(house), house.records._store

    async def full(_: object) -> Any:  # noqa: ANN401  # it never answers
        raise StoreUnavailable("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", full)  # a full disk can be read
        assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 503
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202, answer.text


async def test_refusals_carry_the_security_headers_too(house: House) -> None:
    answers = [
        await house.http.post("/api/sortie/return", json={}),
        await house.http.get("/api/state", headers={"Host": "evil.example"}),
    ]
    assert all(name in answer.headers for answer in answers for name in SITE_HEADERS)


async def test_a_path_that_there_is_not_is_answered_as_every_other_error(house: House) -> None:
    for answer in (await house.http.get("/api/nothing"), await house.http.get("/api/plans")):
        assert "error" in answer.json(), answer.text


def test_ctrl_c_with_an_open_console_leaves_no_traceback(tmp_path: Path) -> None:
    with serving(config(tmp_path, NOBODY)) as station:
        with station.connect("/api/live") as live:
            assert json.loads(live.recv(5.0))["type"] == "state"
            station.interrupt()
    assert "Traceback" not in "".join(station.log)


def test_an_address_that_answers_but_is_no_clock_is_told(tmp_path: Path, alone: Any) -> None:
    ended = refused(config(tmp_path, NOBODY, f'clock_url = "{alone.url}/api/templates"'))
    assert is_told(ended), ended.stderr[-200:]


@pytest.mark.parametrize(
    "name",
    ["sortie.aborted", "alert.dismissed", "announcement.failed", "speaker.stopped",
     "gathering.noted", "refused", "link.lost", "link.back", "pilot.has_it"],
)  # fmt: skip
def test_every_event_has_a_sentence_of_its_own(name: str) -> None:
    assert name in _SENTENCES
