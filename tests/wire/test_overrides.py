"""Words that a rule stopped: what is kept, who may play them all the same, and what is played."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from drone.clips import Clip
from ground_station.alert_levels import AlertLevel
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.legal import Allows, LegalBook
from ground_station.templates import Need, Profile
from ground_station.words.grounds import schools_of
from ground_station.words.listeners import crowd_of
from patrol.cause import Role
from patrol.geo import offset
from tests.ground_core import LEGAL, PLACE, SYSTEM, an_alert
from tests.house_fakes import SilentVoice
from tests.wire.test_centre_api import ok
from tests.wire.test_desks import SlowVoice, at_once, audit_rows, slow
from tests.wire.test_web_api import ALERT, REGISTER, House, house
from tests.wire.test_words_api import acknowledged, codes

__all__ = ["house", "slow"]  # fixtures

pytestmark = pytest.mark.anyio
HALF_PAST_TEN_AT_NIGHT_S = 13 * 3600.0
REASON = "人群密度危急"
SAFETY = {"text": "请不要推挤。", "category": "SAFETY", "repeat": 2}


async def at_night(house: House) -> None:
    await acknowledged(house)
    house.clock.now_s += HALF_PAST_TEN_AT_NIGHT_S


async def blocked(house: House, template: str = "T01") -> tuple[str, list[str]]:
    """Pressed by Lin, stopped by the rules: its id and the codes of the findings."""
    lin = house.client(await house.let_in("Lin", roles=(Role.ANNOUNCER,)))
    answer = await lin.post(f"/api/alerts/{ALERT}/announce", json={"template": template})
    assert answer.status_code == 409, answer.text
    newest = (await house.records.announcements())[-1]
    assert newest.state is AnnouncementState.BLOCKED
    return newest.announcement_id, codes(answer)


async def override(house: House, number: str, role: str = "LEAD", reason: str = REASON) -> Any:  # noqa: ANN401
    return await house.post(f"/announcements/{number}/override", role, reason=reason)


async def kept(house: House, number: str) -> Announcement:
    found = await house.records.announcement(number)
    assert found is not None
    return found


async def test_at_night_the_block_names_the_article_and_a_leader_answers_for_the_play(
    house: House,
) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    stopped = await kept(house, number)
    assert [finding.code for finding in stopped.blocked] == ["release.night"]
    assert "Art. 64" in stopped.blocked[0].article
    assert not house.speaker.played
    shown = await ok(await override(house, number), 202)
    assert shown["state"] in ("OVERRIDDEN", "PLAYING", "PLAYED")
    await house.until(lambda: "announcement.played" in house.told())
    played = await kept(house, number)
    assert (played.state, played.released_by, played.overridden_by, played.reason) == (
        AnnouncementState.PLAYED, "Lin", "Wu", REASON
    )  # fmt: skip
    assert await audit_rows(house, "announcement.overridden") == [("Wu", "LEAD")]
    assert house.shown.get("alert")["state"] == "OBSERVING"
    assert (await override(house, number)).status_code == 409, "once"


async def test_words_for_a_critical_density_are_played_on_the_leaders_word(house: House) -> None:
    await at_night(house)
    number, found = await blocked(house, "T04")
    assert found == ["release.critical_density"]
    await ok(await override(house, number), 202)
    await house.until(lambda: "announcement.played" in house.told())
    assert house.speaker.played == [number]


async def test_only_a_leader_overrides_and_only_with_a_reason(house: House) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    for role in ("ANNC", "PILOT", "OPER"):
        refused = await override(house, number, role)
        assert (refused.status_code, "LEAD" in refused.json()["error"]) == (403, True)
    for reason in ("", "   "):
        assert (await override(house, number, reason=reason)).status_code == 422
    assert (await override(house, "B-99")).status_code == 404
    assert (await kept(house, number)).state is AnnouncementState.BLOCKED


async def test_what_changed_since_the_block_counts_and_is_shown_before_it_is_answered_for(
    house: House,
) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    house.is_near(offset(PLACE, east_m=150.0, north_m=0.0))
    again = await override(house, number)
    assert (again.status_code, codes(again)) == (409, ["release.night", "release.not_audible"])
    assert [one.code for one in (await kept(house, number)).blocked] == codes(again)
    house.vehicle._sample = replace(house.vehicle._sample, is_in_air=False)
    landed = await override(house, number)
    assert "release.not_airborne" in codes(landed)
    assert not house.speaker.played
    house.is_near(PLACE)
    house.clock.now_s += 11 * 3600.0  # the next morning nothing speaks against it any more
    await ok(await override(house, number), 202)
    await house.until(lambda: "announcement.played" in house.told())


async def test_words_whose_wording_was_retired_meanwhile_are_not_played(house: House) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    await ok(await house.post("/templates/T01-v1/steps/retire", "LEAD", reason="old"))
    assert (await override(house, number)).status_code == 409
    assert (await kept(house, number)).state is AnnouncementState.BLOCKED


async def test_no_leader_plays_what_no_person_pressed(house: House) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    words = await kept(house, number)
    press = replace(words.blocked[0], code="release.auto_operator")
    await house.speaking.player.save(replace(words, blocked=(*words.blocked, press)), SYSTEM, "x")
    refused = await override(house, number)
    assert (refused.status_code, "release.auto_operator" in codes(refused)) == (409, True)


async def test_a_byte_of_the_text_that_changes_between_release_and_play_fails_the_play(
    house: House, slow: SlowVoice
) -> None:
    await acknowledged(house)
    body = await ok(await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01"), 202)
    await slow.is_asked.wait()
    await _change_one_letter(house, body["id"])
    slow.go.set()
    await house.until(lambda: "announcement.failed" in house.told())
    assert not house.speaker.played
    words = await kept(house, body["id"])
    assert (words.state, "not the text that was released" in words.reason) == (
        AnnouncementState.FAILED, True
    )  # fmt: skip
    assert house.shown.get("alert")["state"] == "ACKNOWLEDGED"


async def _change_one_letter(house: House, number: str) -> None:
    """By hand in the database, past every guard of ours."""

    def change(connection: Any) -> None:  # noqa: ANN401
        query = "SELECT body_json FROM announcements WHERE id = ?"
        body = json.loads(connection.exec_driver_sql(query, (number,)).scalar())
        body["text_zh"] = body["text_zh"].replace("散开", "散闪")
        connection.exec_driver_sql(
            "UPDATE announcements SET body_json = ? WHERE id = ?",
            (json.dumps(body, ensure_ascii=False), number),
        )

    await house.records._store.write(change)


class BentVoice(SilentVoice):
    """One bit of the sound is another than when its hash was taken."""

    async def speak(self, text: str, language: str = "zh") -> Clip:
        clip = await super().speak(text, language)
        return replace(clip, sound=bytes([clip.sound[0] ^ 1]) + clip.sound[1:])


async def test_a_byte_of_the_sound_that_changes_before_the_play_fails_it(house: House) -> None:
    await acknowledged(house)
    house.speaking.player.voice = BentVoice()
    body = await ok(await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01"), 202)
    await house.until(lambda: "announcement.failed" in house.told())
    assert not house.speaker.played
    assert "clip was changed" in (await kept(house, body["id"])).reason


async def test_two_leaders_at_once_play_it_once(house: House) -> None:
    await at_night(house)
    number, _ = await blocked(house)
    answers = await at_once(override(house, number), override(house, number))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    await house.until(lambda: "announcement.played" in house.told())
    assert house.speaker.played == [number]


async def test_the_pilot_silences_words_that_a_leader_has_overridden(
    house: House, slow: SlowVoice
) -> None:
    async def stop() -> None:
        return None

    house.speaker.stop = stop  # type: ignore[method-assign]
    await at_night(house)
    number, _ = await blocked(house)
    await ok(await override(house, number), 202)
    await slow.is_asked.wait()
    assert (await house.post("/speaker/stop", "PILOT")).status_code == 200
    await house.until(lambda: "announcement.cancelled" in house.told())
    assert (await kept(house, number)).state is AnnouncementState.CANCELLED
    assert not house.speaker.played


async def test_words_for_a_school_gate_are_said_at_a_school_and_nowhere_else(
    house: House,
) -> None:
    schools = schools_of(REGISTER)
    places = house.speaking.drafting._places
    gate = replace(an_alert(), place=offset(schools[0].point, east_m=40.0, north_m=0.0))
    assert places(crowd_of(gate))[Need.SCHOOL_GATE] is True
    away = replace(gate, place=offset(schools[0].point, east_m=9e3, north_m=0.0))
    assert places(crowd_of(away))[Need.SCHOOL_GATE] is False


async def test_typed_words_that_the_night_stopped_are_played_on_a_leaders_reason(
    house: House,
) -> None:
    await at_night(house)
    typed = {"text": "前方有积水，请绕行。", "category": "ADVICE"}
    stopped = await house.post(f"/alerts/{ALERT}/speak", "ANNC", **typed)
    assert (stopped.status_code, codes(stopped)) == (409, ["release.night"])
    (words,) = await house.records.announcements()
    await ok(await override(house, words.announcement_id), 202)
    await house.until(lambda: "announcement.played" in house.told())
    played = await kept(house, words.announcement_id)
    assert (played.text, played.template_id, played.overridden_by) == (typed["text"], "LIVE", "Wu")
    assert played.text_sha256 == words.text_sha256


async def test_at_night_an_announcer_alone_does_not_play_typed_words_by_calling_them_safety(
    house: House,
) -> None:
    await at_night(house)
    path = f"/alerts/{ALERT}/speak"
    for _ in range(4):
        stopped = await house.post(path, "ANNC", **SAFETY)
        assert (stopped.status_code, codes(stopped)) == (409, ["release.night"])
    assert not house.speaker.played
    *_, words = await house.records.announcements()
    assert (await override(house, words.announcement_id, "ANNC")).status_code == 403
    await ok(await override(house, words.announcement_id), 202)
    await house.until(lambda: "announcement.played" in house.told())
    played = await kept(house, words.announcement_id)
    assert (played.profile, played.overridden_by, played.reason) == (Profile.NORMAL, "Wu", REASON)


@pytest.mark.parametrize("is_declared", [False, True], ids=["critical density", "declared"])
async def test_in_an_emergency_typed_safety_words_are_played_at_night_but_not_without_end(
    house: House, *, is_declared: bool
) -> None:
    await at_night(house)
    (declare_emergency if is_declared else make_critical)(house)
    path = f"/alerts/{ALERT}/speak"
    body = await ok(await house.post(path, "ANNC", **SAFETY), 202)
    await house.until(lambda: "announcement.played" in house.told())
    played = await kept(house, body["id"])
    assert (played.profile, played.heard_count) == (Profile.EMERGENCY, 2)
    more = await house.post(path, "ANNC", **SAFETY)
    assert (more.status_code, codes(more)) == (409, ["release.repeats"])
    assert house.speaker.played == [body["id"]]


async def test_what_was_an_emergencys_when_it_was_stopped_is_none_when_it_is_over(
    house: House,
) -> None:
    await at_night(house)
    make_critical(house)
    house.is_near(offset(PLACE, east_m=150.0, north_m=0.0))
    stopped = await house.post(f"/alerts/{ALERT}/speak", "ANNC", **SAFETY)
    assert codes(stopped) == ["release.not_audible"]
    make_critical(house, AlertLevel.AMBER)
    house.is_near(PLACE)
    again = await override(house, stopped.json()["announcement"])
    assert (again.status_code, codes(again)) == (409, ["release.night"])
    assert not house.speaker.played


async def test_words_for_a_declared_emergency_are_said_under_its_order(house: House) -> None:
    places = house.speaking.drafting._places
    assert places(crowd_of(an_alert()))[Need.EMERGENCY_DECLARED] is False
    declare_emergency(house)
    assert places(crowd_of(an_alert()))[Need.EMERGENCY_DECLARED] is True


def make_critical(house: House, level: AlertLevel = AlertLevel.CRITICAL) -> None:
    assert house.crowd.watch is not None
    alerts = house.crowd.watch.alerts
    alerts[ALERT] = replace(alerts[ALERT], level=level)


def declare_emergency(house: House) -> None:
    (order,) = LEGAL
    declared = replace(order, basis_id="LB-EX-2", allows=frozenset({Allows.EMERGENCY}))
    drafting = house.speaking.drafting
    drafting._parts = replace(drafting._parts, legal=LegalBook([order, declared]))
