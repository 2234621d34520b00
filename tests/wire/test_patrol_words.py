"""Words of the patrol itself: said to whoever is below, without a crowd and its alert."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ground_station.announcements import Announcement, AnnouncementState
from ground_station.legal import Allows, LegalBook
from ground_station.switchboard import Switchboard
from missions.grid import COAST
from missions.runner import SortieRunner
from patrol.cause import Role
from patrol.geo import GeoPoint, offset
from tests.ground_core import LEGAL, PLACE, SORTIE, SYSTEM, a_plan, an_alert
from tests.house_fakes import no_findings
from tests.wire.test_centre_api import ok
from tests.wire.test_desks import SlowVoice, audit_rows, flying_with_an_alert, sees, slow
from tests.wire.test_natural_decay import seen_and_acknowledged
from tests.wire.test_overrides import HALF_PAST_TEN_AT_NIGHT_S, override
from tests.wire.test_web_api import ALERT, REGISTER, House, house
from tests.wire.test_words_api import acknowledged, codes

__all__ = ["house", "slow"]  # fixtures

pytestmark = pytest.mark.anyio
PHONE = {"电话": "一二三四五"}


def on_patrol(house: House, place: GeoPoint = PLACE, *, is_adopted: bool = False) -> None:
    """A sortie in the air above a place, and no alert of it."""
    house.is_near(place)
    house.vehicle._sample = replace(house.vehicle._sample, position=place)
    runner = SortieRunner(
        plan=a_plan(), vehicle=house.vehicle, bus=house.bus, world=house.clock, wall=house.clock,
        sortie_id=SORTIE, preflight=no_findings,
    )  # fmt: skip
    house.crowd.begin(SORTIE, a_plan(), runner, is_adopted=is_adopted)


async def press(house: House, template: str, role: str = "ANNC", **more: Any) -> Any:  # noqa: ANN401
    return await house.post("/announcements", role, template=template, **more)


async def played(house: House, template: str, **more: Any) -> Announcement:  # noqa: ANN401
    body = await ok(await press(house, template, **more), 202)
    await house.until(lambda: body["id"] in house.speaker.played)
    await house.until(lambda: (house.shown.get("announcement") or {}).get("state") == "PLAYED")
    kept = await house.records.announcement(body["id"])
    assert kept is not None
    return kept


def order(house: House, *allows: Allows) -> None:
    """An order of the exercise that allows this here, and no other."""
    (one,) = LEGAL
    drafting = house.speaking.drafting
    book = LegalBook([replace(one, allows=frozenset(allows))])
    drafting._parts = replace(drafting._parts, legal=book)


async def test_a_patrol_is_announced_at_its_beginning_and_at_its_end(house: House) -> None:
    on_patrol(house)
    first = await played(house, "T11", values=PHONE)
    assert (first.alert_id, first.sortie, first.grid_code, first.released_by) == (
        "", SORTIE, REGISTER.grid_at(PLACE), "Wu"
    )  # fmt: skip
    assert "只统计人数，不识别个人" in first.text
    assert first.is_text_whole
    assert first.audio_sha256
    assert first.slant_range_m == pytest.approx(30.0)
    early = await press(house, "T12")
    assert (early.status_code, codes(early)) == (409, ["release.too_soon"])
    house.clock.now_s += 180.0
    last = await played(house, "T12")
    assert last.text == "巡查结束，感谢大家的理解和配合，祝大家平安。"
    await house.until(lambda: house.told().count("announcement.played") == 2)
    assert await audit_rows(house, "announcement.released") == [("Wu", "ANNC")] * 2
    assert await audit_rows(house, "announcement.played") == [("loudspeaker", "SYS")] * 2
    assert await house.records.alerts() == []
    assert await house.records.effects(SORTIE) == [], "nobody was asked to leave"


async def test_they_are_in_the_report_of_their_sortie(house: House) -> None:
    on_patrol(house)
    said = await played(house, "T11", values=PHONE)
    kept = await house.records.announcements(sortie_id=SORTIE)
    assert [one.announcement_id for one in kept] == [said.announcement_id]


async def test_only_an_announcer_releases_them_and_only_while_a_sortie_is_flown(
    house: House,
) -> None:
    grounded = await press(house, "T11", values=PHONE)
    assert (grounded.status_code, "no sortie is being flown" in grounded.json()["error"]) == (
        409, True
    )  # fmt: skip
    on_patrol(house)
    for role in ("PILOT", "OPER", "LEAD"):
        assert (await press(house, "T11", role, values=PHONE)).status_code == 403
    assert (await press(house, "T99")).status_code == 404
    assert (await press(house, "T11")).status_code == 409, "a slot without its value"
    house.vehicle._sample = replace(house.vehicle._sample, is_in_air=False)
    assert "release.not_airborne" in codes(await press(house, "T12"))


async def test_who_has_another_part_of_the_district_finds_nobody_to_speak_to(
    house: House,
) -> None:
    await flying_with_an_alert(house)
    roles = (Role.ANNOUNCER, Role.LEADER)
    other = house.client(await house.let_in("Li", roles=roles, scope="440512006001"))
    answer = await other.post("/api/announcements", json={"template": "T12"})
    assert answer.status_code == 404
    assert await house.records.announcements() == []
    stopped = await press(house, "T01")
    path = f"/api/announcements/{stopped.json()['announcement']}/override"
    assert (await other.post(path, json={"reason": "fire"})).status_code == 404


@pytest.mark.parametrize("template", ["T01", "T03", "T04"])
async def test_words_to_a_crowd_are_said_for_its_alert_and_no_leader_plays_them_without(
    house: House, template: str
) -> None:
    on_patrol(house)
    values = {"方向": "东侧出口"} if template == "T03" else {}
    stopped = await press(house, template, values=values)
    assert "release.no_crowd" in codes(stopped)
    again = await override(house, stopped.json()["announcement"])
    assert again.status_code == 409
    assert not house.speaker.played


async def test_at_night_they_are_blocked_with_the_article_and_a_leader_answers_for_them(
    house: House,
) -> None:
    on_patrol(house)
    house.clock.now_s += HALF_PAST_TEN_AT_NIGHT_S
    house.is_near(PLACE)
    stopped = await press(house, "T12")
    assert (stopped.status_code, codes(stopped)) == (409, ["release.night"])
    assert "Art. 64" in stopped.json()["findings"][0]["article"]
    number = stopped.json()["announcement"]
    assert (await override(house, number, "ANNC")).status_code == 403
    await ok(await override(house, number), 202)
    await house.until(lambda: number in house.speaker.played)
    house.crowd.begin("M-2", a_plan(), house.crowd.watch.runner)  # type: ignore[union-attr]
    assert (await override(house, number)).status_code == 404, "of another sortie"


async def test_that_people_are_only_counted_is_said_only_where_no_picture_is_kept(
    house: House,
) -> None:
    on_patrol(house)
    drafting = house.speaking.drafting
    drafting._parts = replace(drafting._parts, is_counts_only=False)
    assert codes(await press(house, "T11", values=PHONE)) == ["release.counts_only"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"height_above_home_m": 110.0}, "release.not_audible"),
        ({"height_above_home_m": None}, "release.range_unknown"),
        ({"position": None}, "release.range_unknown"),
    ],
)
async def test_who_is_right_below_has_to_understand_them(
    house: House, changes: dict[str, object], code: str
) -> None:
    on_patrol(house)
    house.vehicle._sample = replace(house.vehicle._sample, **changes)  # type: ignore[arg-type]
    assert code in codes(await press(house, "T12"))


async def test_who_is_right_below_is_not_hurt_by_them(house: House) -> None:
    on_patrol(house)
    house.vehicle._sample = replace(house.vehicle._sample, height_above_home_m=9.0)
    order(house, Allows.EMERGENCY)
    stopped = await press(house, "T09", values={"避险点": "社区避险点"})
    assert "release.too_loud" in codes(stopped)


@pytest.mark.parametrize(
    ("template", "values", "allows"),
    [
        ("T05", {}, (Allows.EPIDEMIC_NOTICE, Allows.HIGH_VOLUME)),
        ("T06", {}, ()),
        ("T09", {"避险点": "社区避险点"}, (Allows.EMERGENCY,)),
    ],
)
async def test_advice_and_warnings_go_the_same_road_when_what_they_need_holds(
    house: House, template: str, values: dict[str, str], allows: tuple[Allows, ...]
) -> None:
    on_patrol(house)
    if allows:
        order(house)
        stopped = await press(house, template, values=values)
        assert stopped.status_code == 409
        order(house, *allows)
    said = await played(house, template, values=values)
    assert (said.template_id, said.state) == (template, AnnouncementState.PLAYED)


async def test_a_checkpoint_and_the_coast_are_spoken_to_where_the_register_has_them(
    house: House,
) -> None:
    checkpoint = next(one for one in REGISTER.checkpoints if len(one.serves) == 12)
    on_patrol(house, checkpoint.point)
    community = REGISTER.areas[checkpoint.serves].name_zh
    said = await played(house, "T07", values={"社区": community})
    assert f"这里是{community}检测点" in said.text
    house.clock.now_s += 180.0
    away = offset(checkpoint.point, east_m=150.0, north_m=0.0)
    on_patrol(house, away)
    there = REGISTER.areas[str(REGISTER.grid_at(away))[:12]].name_zh
    assert "release.checkpoint" in codes(await press(house, "T07", values={"社区": there}))

    shore = next(grid for grid in REGISTER.grids if grid.sensitive_flags == frozenset({COAST}))
    inside = shore.shape.representative_point()
    house.clock.now_s += 180.0
    on_patrol(house, GeoPoint(lat_deg=inside.y, lon_deg=inside.x))
    assert (await played(house, "T08")).grid_code == shore.code
    inland = next(grid for grid in REGISTER.grids if not grid.sensitive_flags)
    inside = inland.shape.representative_point()
    on_patrol(house, GeoPoint(lat_deg=inside.y, lon_deg=inside.x))
    assert codes(await press(house, "T08")) == ["release.coast"]


async def test_the_pilot_and_the_announcer_stop_them(house: House, slow: SlowVoice) -> None:
    async def stop() -> None:
        return None

    house.speaker.stop = stop  # type: ignore[method-assign]
    on_patrol(house)
    body = await ok(await press(house, "T11", values=PHONE), 202)
    await slow.is_asked.wait()
    busy = await press(house, "T12")
    assert codes(busy) == ["release.speaker_busy"]
    await ok(await house.post("/speaker/stop", "PILOT"))
    await house.until(lambda: "announcement.cancelled" in house.told())
    kept = await house.records.announcement(body["id"])
    assert kept is not None
    assert (kept.state, kept.reason) == (AnnouncementState.CANCELLED, "stopped by Wu")
    assert not house.speaker.played


async def test_what_a_station_that_ended_was_saying_has_failed(house: House) -> None:
    on_patrol(house)
    said = await played(house, "T12")
    under_way = replace(said, announcement_id="B-9", state=AnnouncementState.PLAYING)
    now = house.clock.now_utc()
    await house.records.save_announcement(under_way, cause=SYSTEM, at_utc=now, action="x")
    on_patrol(house, is_adopted=True)
    await house.until(lambda: "announcement.failed" in house.told())
    kept = await house.records.announcement("B-9")
    assert kept is not None
    assert (kept.state, "started again" in kept.reason) == (AnnouncementState.FAILED, True)


async def test_a_leaders_word_goes_to_the_aircraft_that_was_meant(house: House) -> None:
    on_patrol(house)
    said = await played(house, "T12")

    class Unit:
        def __init__(self, aircraft: str) -> None:
            self.aircraft, self.crowd = aircraft, house.crowd

    units: Any = [Unit("GP-0"), Unit(said.aircraft)]
    board = Switchboard(units, plans=house.plans, records=house.records)
    assert (await board.of_announcement(said.announcement_id)).aircraft == "GP-1"


async def test_words_of_the_patrol_are_no_silence_to_a_crowd_near_by(house: House) -> None:
    """Who was spoken to is not counted among those left alone."""
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 60.0)
    assert (await press(house, "T06")).status_code == 202
    await house.until(lambda: bool(house.speaker.played))
    await sees(house, 30, 620.0)
    assert await house.records.effects(sortie) == []


async def test_safety_words_have_an_end_for_the_same_ears_whatever_the_alert_is_called(
    house: House,
) -> None:
    await acknowledged(house)
    path, direction = f"/alerts/{ALERT}/announce", {"方向": "东侧出口"}
    t03 = {"template": "T03", "values": direction}
    await ok(await house.post(path, "ANNC", **t03, repeat=2), 202)
    await house.until(lambda: house.shown.get("alert")["state"] == "OBSERVING")
    more = await house.post(path, "ANNC", **t03)
    assert [one["code"] for one in more.json()["findings"] if one["level"] == "stop"] == [
        "release.repeats"
    ]
    assert house.crowd.watch is not None
    again = replace(
        an_alert(), alert_id="A-20261124-0002", raised_utc=house.clock.now_utc(),
        place=offset(PLACE, east_m=5.0, north_m=0.0),
    )  # fmt: skip
    await house.records.save_alert(
        an_alert(), cause=SYSTEM, at_utc=house.clock.now_utc(), action="x"
    )
    house.crowd.watch.alerts[again.alert_id] = again
    await house.records.save_alert(again, cause=SYSTEM, at_utc=house.clock.now_utc(), action="x")
    await ok(await house.post(f"/alerts/{again.alert_id}/acknowledge"))
    path = f"/alerts/{again.alert_id}/announce"
    anew = await house.post(path, "ANNC", **t03)
    assert (anew.status_code, "release.repeats" in codes(anew)) == (409, True)
    house.clock.now_s += 301.0
    house.is_near(PLACE)
    await ok(await house.post(path, "ANNC", **t03), 202)
