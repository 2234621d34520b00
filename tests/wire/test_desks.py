"""The desks when people, aircraft, disk and loudspeaker do not keep to the order of the story."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest

from drone.clips import Clip
from ground_station import auto_operator
from ground_station.alerts import AlertState, CrowdAlert
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.client import Event, StationClient
from ground_station.drafting import Chosen
from ground_station.templates import load_templates
from ground_station.words.listeners import crowd_of
from patrol.clock import utc_text
from patrol.errors import Refused, StoreUnavailable
from patrol.sighting import Look
from tests.fakes import START
from tests.ground_core import ANNOUNCER, SORTIE, SYSTEM, an_alert
from tests.house_fakes import SilentVoice
from tests.persons import with_token
from tests.unit.test_effect import PLACE, a_look
from tests.wire.test_sortie_failures import approved_plan, state_of
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
CROWD = [(float(i % 5), float(i // 5)) for i in range(30)]


async def flying_with_an_alert(house: House, name: str = ALERT) -> str:
    """A real sortie in the air that does not get on, with an alert of it."""
    house.vehicle.is_frozen, before = True, house.told().count("airborne")
    plan_id = await approved_plan(house)
    sortie = str((await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"])
    await house.until(lambda: house.told().count("airborne") > before)
    assert house.crowd.watch is not None
    house.is_near(PLACE)
    alert = replace(an_alert(), alert_id=name, sortie=sortie, place=PLACE)
    house.crowd.watch.alerts[name], house.crowd.watch.alert_id = alert, name
    house.crowd.show_alerts(house.crowd.watch)
    await house.records.save_alert(
        alert, cause=SYSTEM, at_utc=house.clock.now_utc(), action="alert.raised"
    )
    return sortie


async def land(house: House) -> None:
    house.vehicle.is_frozen = False
    await house.post("/sortie/return", "PILOT")
    await state_of(house, "LANDED")


async def spoken(house: House) -> None:
    """Acknowledged and spoken to once; it is being observed."""
    await house.post(f"/alerts/{ALERT}/acknowledge")
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert answer.status_code == 202, answer.text
    await house.until(lambda: "announcement.played" in house.told())


def state(house: House) -> AlertState:
    return alert_of(house).state


def alert_of(house: House) -> CrowdAlert:
    assert house.crowd.watch is not None
    return house.crowd.watch.alerts[ALERT]


async def look(house: House, people: int, *, after_s: float = 1.0, is_in_view: bool = True) -> None:
    """The eye sees so many people at the alert's place, a moment later."""
    house.clock.now_s += after_s
    assert house.crowd.watch is not None
    seen = a_look(house.clock.now_s, CROWD[:people], is_valid=True, is_in_view=is_in_view)
    await house.crowd._follow(house.crowd.watch, seen)


async def sees(house: House, people: int, for_s: float) -> None:
    for _ in range(int(for_s / 10.0)):
        await look(house, people, after_s=10.0)


async def the_case(house: House) -> Case:
    (case,) = await house.records.cases()
    return case


async def audit_rows(house: House, action: str) -> list[tuple[str, str]]:
    query = "SELECT actor, role FROM audit WHERE action = ? ORDER BY seq"
    rows = await house.records._store.read(lambda c: c.exec_driver_sql(query, (action,)).fetchall())
    return [(str(row[0]), str(row[1])) for row in rows]


async def at_once(*asked: Awaitable[Any]) -> list[Any]:
    answers = []

    async def take(one: Awaitable[Any]) -> None:
        answers.append(await one)

    async with anyio.create_task_group() as tasks:
        for one in asked:
            tasks.start_soon(take, one)
    return answers


class SlowVoice(SilentVoice):
    """Says nothing until it is let."""

    def __init__(self) -> None:
        self.go = anyio.Event()
        self.is_asked = anyio.Event()

    async def speak(self, text: str, language: str = "zh") -> Clip:
        self.is_asked.set()
        await self.go.wait()
        return await super().speak(text, language)


@pytest.fixture
async def slow(house: House) -> AsyncIterator[SlowVoice]:
    """A voice that takes its time."""
    voice = SlowVoice()
    house.speaking.player.voice = voice
    yield voice
    voice.go.set()


async def test_a_refusal_while_looking_is_told_and_the_next_look_goes_on(house: House) -> None:
    await house.has_alert()
    seen: list[Look] = []

    async def follow(watch: object, look: Look) -> None:
        seen.append(look)
        if len(seen) == 1:
            raise Refused("the responsibility table is an exercise's")

    house.crowd.on_look(follow)
    await look(house, 0)
    await house.until(lambda: "refused" in house.told())
    await look(house, 0)
    assert len(seen) == 2


async def test_a_verdict_during_the_second_play_waits_for_its_end(
    house: House, slow: SlowVoice
) -> None:
    await house.has_alert()
    slow.go.set()
    await spoken(house)
    slow.go = anyio.Event()
    await sees(house, 30, 200.0)
    again = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert again.status_code == 202, again.text
    await sees(house, 30, 450.0)  # the first play's ten minutes are over
    assert state(house) is AlertState.ANNOUNCING
    await house.post("/speaker/stop", "ANNC")
    await house.until(lambda: state(house) is AlertState.OBSERVING)
    await look(house, 30)
    await house.until(lambda: state(house) is AlertState.ESCALATED)


async def test_a_disk_that_is_away_for_a_moment_costs_no_verdict(house: House) -> None:
    await house.has_alert()
    await spoken(house)
    await sees(house, 30, 600.0)
    keep = house.records.save_effect

    async def away(*args: object, **named: object) -> None:
        raise StoreUnavailable("the disk is full")

    house.records.save_effect = away  # type: ignore[method-assign]
    await look(house, 30, after_s=20.0)
    await house.until(lambda: "refused" in house.told())
    assert house.shown.get("effect")["verdict"] is None, "shown before it was stored"
    house.records.save_effect = keep  # type: ignore[method-assign]
    await look(house, 30)
    await house.until(lambda: "case.filed" in house.told())
    assert house.shown.get("effect")["verdict"] == "persisting"


async def test_a_landing_in_the_observation_gives_a_verdict_a_case_and_a_closed_log(
    house: House,
) -> None:
    sortie = await flying_with_an_alert(house)
    await spoken(house)
    await sees(house, 30, 30.0)
    await land(house)
    alert, case = alert_of(house), await the_case(house)
    assert (alert.state, alert.outcome_reason) == (
        AlertState.ESCALATED, "not observed to the end"
    )  # fmt: skip
    assert case.state is CaseState.DISPATCHED
    for role in ("PILOT", "REG"):
        answer = await house.post(f"/sorties/{sortie}/sign", role)
        assert answer.status_code == 200, answer.text
    assert "log.closed" in house.told()


async def test_a_crowd_out_of_sight_at_the_end_is_not_said_to_be_there(house: House) -> None:
    await flying_with_an_alert(house)
    await spoken(house)
    await look(house, 0, after_s=60.0, is_in_view=False)
    await land(house)
    case = await the_case(house)
    assert not case.count.is_valid
    assert "not observed at the end; 28 (18-38) when raised" in case.description
    assert "结束时未观察到，告警时28" in case.description_zh


async def test_without_any_look_the_clock_ends_the_hold_and_gives_the_verdict(
    house: House,
) -> None:
    await house.has_alert()
    assert house.crowd.watch is not None
    house.crowd.watch.held_place = PLACE
    house.crowd.watch.held_since_utc = house.clock.now_utc()
    house.clock.now_s += 500.0
    await spoken(house)
    house.clock.now_s += 640.0  # counted from the end of the words, not from the stop
    await house.minder.look()
    assert state(house) is AlertState.OBSERVING
    house.clock.now_s += 30.0
    await house.minder.look()
    assert state(house) is AlertState.ESCALATED
    assert [house.crowd.watch.held_place, house.crowd.watch.alert_id] == [None, None]


async def test_after_the_landing_nothing_is_announced(house: House) -> None:
    await flying_with_an_alert(house)
    await house.post(f"/alerts/{ALERT}/acknowledge")
    await land(house)
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert answer.status_code == 409
    assert "release.not_airborne" in {finding["code"] for finding in answer.json()["findings"]}
    assert not house.speaker.played


async def test_an_alert_that_nobody_answers_is_handed_on_after_the_landing_and_the_log_closes(
    house: House,
) -> None:
    sortie = await flying_with_an_alert(house)
    await land(house)
    token = await with_token(
        house.book, auto_operator.DIRECTOR, auto_operator.ROLES[auto_operator.DIRECTOR],
        is_automatic=True,
    )  # fmt: skip
    director = StationClient(house.web.url, token=token)
    house.board.set(clock={"utc": utc_text(START)})
    landed: Event = {
        "event": "landed", "sortie": sortie, "t_utc": utc_text(START), "grid": "",
        "aircraft": "GP-1",
    }  # fmt: skip
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(auto_operator.sign_when_landed, director, landed)
        await house.until(lambda: "log.waits" in house.told())
        assert state(house) is AlertState.RAISED, "handed on before a person could answer"
        house.board.set(clock={"utc": utc_text(START + timedelta(seconds=61))})
        await house.until(lambda: "log.closed" in house.told())
    await director.aclose()
    case = await the_case(house)
    assert (case.state, state(house)) == (CaseState.DISPATCHED, AlertState.CLOSED)
    assert "28 (18-38) when raised" in case.description
    assert await audit_rows(house, "alert.closed") == [("exercise-director", "REG")]


async def test_three_presses_at_once_play_once(house: House) -> None:
    await house.has_alert()
    await house.post(f"/alerts/{ALERT}/acknowledge")
    answers = await at_once(
        *(house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01") for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409]
    await house.until(lambda: "announcement.played" in house.told())
    assert len(house.speaker.played) == 1


async def test_stop_pressed_while_the_words_are_being_made_leaves_them_unsaid(
    house: House, slow: SlowVoice
) -> None:
    async def stop() -> None:
        return None

    house.speaker.stop = stop  # type: ignore[method-assign]
    await house.has_alert()
    await house.post(f"/alerts/{ALERT}/acknowledge")
    released = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    await slow.is_asked.wait()
    assert (await house.post("/speaker/stop", "PILOT")).status_code == 200
    slow.go.set()
    await house.until(lambda: "announcement.cancelled" in house.told())
    kept = await house.records.announcement(released.json()["id"])
    assert kept is not None
    assert (kept.state, kept.reason) == (AnnouncementState.CANCELLED, "stopped by Wu")
    cancelled = next(e for e in house.board.state()["story"] if e["event"].endswith("cancelled"))
    assert cancelled["reason_zh"] == "Wu停止喊话"
    assert not house.speaker.played
    assert state(house) is AlertState.ACKNOWLEDGED


async def test_two_signatures_at_once_are_both_kept(house: House) -> None:
    plan_id = await approved_plan(house)
    sortie = (await house.post("/sorties", "PILOT", plan_id=plan_id)).json()["sortie"]
    await state_of(house, "LANDED")
    await at_once(*(house.post(f"/sorties/{sortie}/sign", role) for role in ("PILOT", "REG")))
    kept = await house.records.sortie(sortie)
    assert kept is not None
    assert sorted(one.role.value for one in kept.signatures) == ["PILOT", "REG"]
    await house.until(lambda: "log.closed" in house.told())


async def test_the_registrar_closes_alert_and_record_whoever_signs_last(house: House) -> None:
    sortie = await flying_with_an_alert(house)
    await sees(house, 30, 60.0)
    await spoken(house)
    await sees(house, 1, 150.0)
    await house.until(lambda: "case.filed" in house.told())
    assert (await the_case(house)).is_open
    await land(house)
    for person, role in (("Chen", "REG"), ("Huang", "PILOT")):
        headers = await house.let_in(person)
        path = f"/api/sorties/{sortie}/sign"
        answer = await house.http.post(path, json={"role": role}, headers=headers)
        assert answer.status_code == 200, answer.text
    case = await the_case(house)
    assert (case.state, case.closed_by) == (CaseState.CLOSED, "Chen")
    assert await audit_rows(house, "alert.closed") == [("Chen", "REG")]
    looks = house.told().count("look")
    assert looks == 4
    assert await audit_rows(house, "look") == [("effect-meter", "SYS")] * looks


async def test_an_alert_left_unanswered_is_told_to_the_next_one_up(house: House) -> None:
    await house.has_alert()
    house.clock.now_s += 59.0
    await house.minder.look()
    assert "alert.renotified" not in house.told()
    for seconds, times in ((2.0, 1), (60.0, 1), (60.0, 2), (600.0, 2)):
        house.clock.now_s += seconds
        await house.minder.look()
        await house.chronicle.settled()
        assert house.told().count("alert.renotified") == times
    assert house.shown.get("alert")["renotified_count"] == 2
    assert await audit_rows(house, "alert.renotified") == [("alert.unanswered", "SYS")] * 2


async def test_a_person_hands_an_alert_on_with_a_reason(house: House) -> None:
    await house.has_alert()
    path = f"/alerts/{ALERT}/escalate"
    assert (await house.post(path, "ANNC", reason="a fair")).status_code == 403
    assert await house.records.cases() == [], "a refused one uses up no number"
    answer = await house.post(path, "REG", reason="a fair")
    assert (answer.status_code, answer.json()["state"]) == (200, "ESCALATED")
    assert (await the_case(house)).case_no == answer.json()["case_no"]


async def test_words_of_an_earlier_sortie_count_against_the_grids_budget(house: House) -> None:
    await house.has_alert()
    await house.post(f"/alerts/{ALERT}/acknowledge")
    earlier = await _said_before(house, seconds_ago=60.0)
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert (earlier.sortie == SORTIE, answer.status_code) == (False, 409)
    assert [finding["code"] for finding in answer.json()["findings"]] == ["release.too_soon"]


async def _said_before(house: House, *, seconds_ago: float) -> Announcement:
    """An announcement of another sortie, which a station that ended left under way."""
    now = house.clock.now_utc() - timedelta(seconds=seconds_ago)
    assert house.crowd.watch is not None
    chosen = Chosen(template=load_templates()["T01"])
    draft, _ = await house.speaking.drafting.draft(
        house.crowd.watch, crowd_of(alert_of(house)), chosen, ANNOUNCER
    )
    said = replace(
        draft, announcement_id="B-1", alert_id="A-0", sortie="M-0-S01", started_utc=now,
        state=AnnouncementState.PLAYING,
    )  # fmt: skip
    await house.records.save_announcement(said, cause=SYSTEM, at_utc=now, action="x")
    return said


async def test_a_stop_that_did_not_reach_the_loudspeaker_is_told_and_recorded(
    house: House,
) -> None:
    answer = await house.post("/speaker/stop", "PILOT")
    assert answer.status_code >= 500
    assert "does not answer" in answer.text
    assert "speaker.stopped" not in house.told()
    assert await audit_rows(house, "speaker.stop_failed") == [("Wu", "PILOT")]
