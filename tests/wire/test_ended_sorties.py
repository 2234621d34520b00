"""Sorties that ended otherwise are signed too, and what their log says of the flight is checked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from drone.speaker import HttpSpeaker
from ground_station.alerts import AlertEvent, AlertState, advance
from ground_station.commands.log import log_verify
from ground_station.sortie_desk import SortieDesk
from ground_station.sorties import SortieState
from patrol.errors import SpeakerUnreachable
from patrol.plan import Finding, Level
from patrol.sighting import Stage
from tests.fakes import a_sample
from tests.ground_core import SYSTEM, a_sighting, an_observed_alert, later
from tests.wire.test_sortie_failures import approved_plan, state_of
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def not_ready(*plan: object) -> list[Finding]:
    return [Finding(code="gnss.weak", level=Level.STOP, text="weak")]


async def signed(house: House, sortie: str) -> None:
    for role in ("PILOT", "REG"):
        answer = await house.post(f"/sorties/{sortie}/sign", role)
        assert answer.status_code == 200, answer.text


async def test_an_aborted_sortie_is_signed_and_its_log_closes(house: House) -> None:
    plan_id = await approved_plan(house)
    house.sorties._parts = replace(house.sorties._parts, preflight=not_ready)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await house.until(lambda: "sortie.aborted" in house.told())
    await signed(house, sortie)
    kept = await house.records.sortie(sortie)
    assert kept is not None
    assert kept.state is SortieState.CLOSED


async def test_a_log_that_an_earlier_run_left_unsigned_is_signed_after_the_restart(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await state_of(house, "LANDED")
    left = replace(an_observed_alert(AlertEvent.PERSIST), sortie=sortie)
    await house.records.save_alert(
        replace(left, state=AlertState.OBSERVING, outcome=None),
        cause=SYSTEM, at_utc=later(1), action="x",
    )  # fmt: skip
    parts, house.crowd.watch = house.sorties._parts, None
    house.sorties.__init__(parts)  # type: ignore[misc]  # what a new station knows of it: nothing
    assert isinstance(house.sorties, SortieDesk)
    await signed(house, sortie)
    (case,) = await house.records.cases()
    assert (case.alert_id, case.sortie) == (left.alert_id, sortie)
    assert (await house.records.alerts(sortie))[0].state is AlertState.CLOSED


async def test_the_tracks_hash_in_the_log_is_that_of_the_file_and_is_checked(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.vehicle.is_frozen = True
    plan_id = await approved_plan(house)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await house.until(lambda: "airborne" in house.told())
    house.telemetry.add(a_sample())
    house.vehicle.is_frozen = False
    await state_of(house, "LANDED")
    house.telemetry.add(a_sample())  # on the ground, before anybody signs
    await signed(house, sortie)
    house.telemetry.add(a_sample())
    await house.telemetry.flush()
    log = await house.records.closed_log(sortie)
    assert log is not None
    assert log["telemetry"]["rows"] == 1
    assert log_verify(tmp_path) == 0
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as connection:
        connection.execute("UPDATE telemetry SET lat_deg = 0 WHERE sortie = ?", (sortie,))
        connection.commit()
    capsys.readouterr()
    assert log_verify(tmp_path) == 1
    assert "telemetry.db does not fit" in capsys.readouterr().out
    (tmp_path / "telemetry.db").rename(tmp_path / "kept-elsewhere.db")
    assert log_verify(tmp_path) == 0


async def test_a_crowd_that_comes_back_is_raised_again_as_a_relapse(house: House) -> None:
    await house.has_alert()
    watch = house.crowd.watch
    assert watch is not None
    await house.records.next_id("A", later(0))  # which the fixture's alert has taken
    alert = an_observed_alert(AlertEvent.DISPERSE)
    alert = advance(alert, AlertEvent.FILE, SYSTEM, later(100), case_no="HJ1")
    watch.alerts[alert.alert_id] = alert
    await house.records.save_alert(alert, cause=SYSTEM, at_utc=later(100), action="x")
    watch.held_place = alert.place
    house.crowd.resume_patrol(alert.alert_id)
    back = replace(a_sighting(), time_utc=later(400), sighting_id="S-2", stage=Stage.RAISED)
    house.clock.now_s = 400.0
    await house.crowd.raise_alert(watch, back)
    newest = next(reversed(watch.alerts.values()))
    assert (newest.relapse_of, newest.raised_utc) == (alert.alert_id, back.time_utc)
    soon = replace(back, time_utc=back.time_utc + timedelta(seconds=100))
    await house.crowd.raise_alert(watch, soon)
    assert len(watch.alerts) == 2


@pytest.mark.parametrize("body", [{}, {"state": "on"}, [], "ready", {"sha256": 1}])
async def test_a_service_that_is_no_payload_agent_is_told_as_unreachable(body: object) -> None:
    speaker = HttpSpeaker("http://agent")
    await speaker.aclose()
    answer = httpx.ByteStream(json.dumps(body).encode())
    speaker._http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=answer)),
        base_url="http://agent",
    )
    with pytest.raises(SpeakerUnreachable, match="no payload agent"):
        await speaker.health()
    await speaker.aclose()
