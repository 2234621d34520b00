"""Words over HTTP: wordings that two people answer for, slots from lists, typed words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ground_station.announcements import AnnouncementState
from ground_station.store.engine import Store
from ground_station.store.shelves import Shelves
from ground_station.templates import load_templates
from ground_station.words.person_words import REMINDER, REMINDER_ZH
from ground_station.words.versions import VersionEvent
from ground_station.words.wording_desk import WordingDesk
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import offset
from tests.fakes import ManualClock
from tests.ground_core import GRID, LEADER, PLACE, running_store
from tests.house_fakes import SilentVoice
from tests.wire.test_centre_api import ok
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
SHORTER = {
    "template_id": "T05",
    "zh": "请戴好口罩，少聚集。",
    "en": "Wear a mask; avoid gatherings.",
}


async def acknowledged(house: House) -> None:
    await house.has_alert()
    await ok(await house.post(f"/alerts/{ALERT}/acknowledge"))


async def listed(house: House, **where: str) -> dict[str, Any]:
    answer = await house.http.get("/api/templates", params=where)
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()}


async def said(house: House, answer: Any) -> dict[str, Any]:  # noqa: ANN401
    """Released, and played to its end."""
    body = await ok(answer, 202)
    await house.until(lambda: "announcement.played" in house.told())
    return body


def codes(answer: Any) -> list[str]:  # noqa: ANN401
    return [finding["code"] for finding in answer.json()["findings"]]


def desk_of(store: Store, *, is_exercise: bool = False) -> WordingDesk:
    return WordingDesk(
        shipped=load_templates(), shelves=Shelves(store), world=ManualClock(),
        is_exercise=is_exercise,
    )  # fmt: skip


async def test_in_a_live_station_a_shipped_wording_counts_once_a_leader_has_approved_it(
    tmp_path: Path,
) -> None:
    async with running_store(tmp_path) as store:
        desk = desk_of(store)
        assert await desk.in_use() == {}
        with pytest.raises(Refused, match="no wording of template T01 is approved"):
            await desk.to_speak("T01")
        approved = await desk.move("T01-v1", VersionEvent.APPROVE, LEADER)
        assert (approved.author, approved.approver) == ("GridPatrol", "Zheng")
        again = desk_of(store)  # as after a restart
        assert (await again.to_speak("T01")).zh == "疫情期间请不要聚集!请各位快速散开!"
        with pytest.raises(Refused):
            await again.to_speak("T02")
        with pytest.raises(Refused, match="word for word"):
            await again.write("T01", "请散开", "Please disperse", LEADER)
        with pytest.raises(LookupError):
            await again.to_speak("T99")


async def test_what_was_approved_in_an_exercise_is_not_spoken_in_a_live_station(
    tmp_path: Path,
) -> None:
    words = (SHORTER["zh"], SHORTER["en"])
    author = Cause(actor="Lin", role=Role.ANNOUNCER)
    async with running_store(tmp_path) as store:
        drill, live = desk_of(store, is_exercise=True), desk_of(store)
        await drill.write("T05", *words, author)
        await drill.move("T05-v2", VersionEvent.APPROVE, LEADER)
        assert (await drill.to_speak("T05")).version == 2
        assert await live.in_use() == {}
        with pytest.raises(LookupError):
            await live.move("T05-v2", VersionEvent.RETIRE, LEADER, reason="not ours")
        assert (await live.write("T05", *words, author)).version_id == "T05-v3"
        assert (await drill.to_speak("T05")).version == 2  # its record stands as it was


async def test_what_somebody_wrote_another_approves_and_only_then_it_is_spoken(
    house: House,
) -> None:
    await acknowledged(house)
    lin = house.client(await house.let_in("Lin", roles=(Role.ANNOUNCER, Role.LEADER)))
    draft = await ok(await lin.post("/api/templates", json=SHORTER), 201)
    assert (draft["version_id"], draft["state"], draft["author"]) == ("T05-v2", "DRAFT", "Lin")
    assert (await listed(house))["T05"]["version"] == 1
    path = "/api/templates/T05-v2/steps/approve"
    own = await lin.post(path, json={"role": "LEAD"})
    assert own.status_code == 409
    assert "another person approves it" in own.json()["error"]
    assert (await house.post("/templates/T05-v2/steps/approve", "ANNC")).status_code == 403
    await ok(await house.post("/templates/T05-v2/steps/approve", "LEAD"))
    shown = (await listed(house))["T05"]
    assert (shown["version"], shown["approver"], len(shown["versions"])) == (2, "Wu", 2)
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T05")
    body = await said(house, answer)
    assert (body["version"], body["text_zh"]) == (2, SHORTER["zh"])
    kept = await house.records.announcement(body["id"])
    assert kept is not None
    assert (kept.template_id, kept.template_version) == ("T05", 2)


async def test_a_wording_that_is_retired_gives_way_to_the_one_before(house: House) -> None:
    await ok(await house.post("/templates", "ANNC", **SHORTER), 201)
    zheng = house.client(await house.let_in("Zheng", roles=(Role.LEADER,)))
    await ok(await zheng.post("/api/templates/T05-v2/steps/approve", json={}))
    silent = await zheng.post("/api/templates/T05-v2/steps/retire", json={})
    assert (silent.status_code, "reason" in silent.json()["error"]) == (409, True)
    await ok(await zheng.post("/api/templates/T05-v2/steps/retire", json={"reason": "unclear"}))
    assert (await listed(house))["T05"]["version"] == 1
    await ok(await zheng.post("/api/templates/T05-v1/steps/retire", json={"reason": "old"}))
    shown = (await listed(house))["T05"]
    assert (shown["is_in_use"], shown["state"]) == (False, "RETIRED")
    await acknowledged(house)
    refused = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T05")
    assert refused.status_code == 409
    assert "approves one first" in refused.json()["error"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"zh": "穿红衣服的请离开"}, "describes a person"),
        ({"zh": "请在{地点}等候"}, "slots in the words"),
        ({"zh": "请" * 80}, "too long"),
        ({"en": " "}, "no words in one of its languages"),
    ],
)
async def test_wordings_that_may_never_be_spoken_are_not_even_drafts(
    house: House, change: dict[str, str], words: str
) -> None:
    refused = await house.post("/templates", "ANNC", **{**SHORTER, **change})
    assert (refused.status_code, words in refused.json()["error"]) == (409, True), refused.text
    assert len((await listed(house))["T05"]["versions"]) == 1
    unknown = await house.post("/templates", "ANNC", **{**SHORTER, "template_id": "T77"})
    assert unknown.status_code == 404
    assert (await house.post("/templates/T77-v1/steps/approve", "LEAD")).status_code == 404
    assert (await house.post("/templates", "PILOT", **SHORTER)).status_code == 403


async def test_slots_take_what_their_lists_have_there_and_then_and_nothing_else(
    house: House,
) -> None:
    await acknowledged(house)
    there = await listed(house, alert=ALERT)
    (direction,), (community,), (number,) = (there[name]["slots"] for name in ("T03", "T07", "T02"))
    assert {"zh": "东侧出口", "en": "the east exit"} in direction["choices"]
    assert [one["zh"] for one in community["choices"]] == [
        house.crowd._parts.register.get(GRID[:12]).name_zh
    ]
    (order,) = number["choices"]
    assert (await listed(house, grid=GRID))["T02"]["slots"] == there["T02"]["slots"]
    assert (await listed(house))["T02"]["slots"][0]["choices"] == []
    path = f"/alerts/{ALERT}/announce"
    for values in ({}, {"方向": "我家"}, {"方位": "东侧出口"}):
        refused = await house.post(path, "ANNC", template="T03", values=values)
        assert refused.status_code == 409, values
    assert not house.speaker.played
    answer = await house.post(
        path, "ANNC", template="T02", values={"文号": order["zh"]}, language="en"
    )
    body = await said(house, answer)
    assert order["zh"] in body["text_zh"]
    assert (body["language"], order["en"] in body["text_en"]) == ("en", True)


async def test_typed_words_are_approved_by_the_role_that_releases_them(house: House) -> None:
    await acknowledged(house)
    shown = (await listed(house))["LIVE"]
    assert (shown["reminder"], shown["reminder_zh"]) == (REMINDER, REMINDER_ZH)
    typed = {"text": " 前方有积水，\n请绕行。", "category": "SAFETY", "repeat": 2}
    path = f"/alerts/{ALERT}/speak"
    assert (await house.post(path, "LEAD", **typed)).status_code == 403
    body = await said(house, await house.post(path, "ANNC", **typed))
    kept = await house.records.announcement(body["id"])
    assert kept is not None
    assert (kept.template_id, kept.approved_by, kept.released_by) == ("LIVE", "role.ANNC", "Wu")
    assert (kept.text, kept.heard_count) == ("前方有积水， 请绕行。", 2)
    assert kept.is_text_whole


async def test_typed_words_that_describe_somebody_are_blocked_with_the_article_and_kept(
    house: House,
) -> None:
    await acknowledged(house)
    answer = await house.post(f"/alerts/{ALERT}/speak", "ANNC", text="穿黄衣服的那位女士请离开")
    assert (answer.status_code, set(codes(answer))) == (409, {"release.describes_person"})
    (first, *_) = answer.json()["findings"]
    assert "个人信息保护法" in first["article"]
    assert first["text"] and first["text_zh"]  # noqa: PT018
    (kept,) = await house.records.announcements()
    assert (kept.state, kept.released_by) == (AnnouncementState.BLOCKED, "Wu")
    assert {finding.code for finding in kept.blocked} == {"release.describes_person"}
    override = await house.post(
        f"/announcements/{kept.announcement_id}/override", "LEAD", reason="fire"
    )
    assert override.status_code == 409
    assert not house.speaker.played


async def test_typed_words_whose_clip_is_too_long_are_never_played(house: House) -> None:
    await acknowledged(house)
    voice = SilentVoice()
    voice.duration_s = 15.1
    house.speaking.player.voice = voice
    body = await ok(await house.post(f"/alerts/{ALERT}/speak", "ANNC", text="请绕行"), 202)
    await house.until(lambda: "announcement.failed" in house.told())
    kept = await house.records.announcement(body["id"])
    assert kept is not None
    assert (kept.state, "15.1 s" in kept.reason) == (AnnouncementState.FAILED, True)
    assert not house.speaker.played
    long = await house.post(f"/alerts/{ALERT}/speak", "ANNC", text="请" * 76)
    assert (long.status_code, "76 characters" in long.json()["error"]) == (409, True)


async def test_words_that_nobody_there_would_understand_are_blocked_and_kept(
    house: House,
) -> None:
    await acknowledged(house)
    path = f"/alerts/{ALERT}/announce"
    house.is_near(offset(PLACE, east_m=150.0, north_m=0.0))
    far = await house.post(path, "ANNC", template="T01")
    assert (far.status_code, codes(far)) == (409, ["release.not_audible"])
    house.is_near(PLACE)
    sample = house.vehicle._sample
    for change in ({"position": None}, {"height_above_home_m": None}):
        house.vehicle._sample = replace(sample, **change)  # type: ignore[arg-type]
        unknown = await house.post(path, "ANNC", template="T01")
        assert codes(unknown) == ["release.range_unknown"], change
    kept = await house.records.announcements()
    assert [one.state for one in kept] == [AnnouncementState.BLOCKED] * 3
    assert not house.speaker.played


async def test_people_are_told_that_they_are_only_counted_where_no_picture_is_kept(
    house: House,
) -> None:
    await acknowledged(house)
    path, drafting = f"/alerts/{ALERT}/announce", house.speaking.drafting
    words: dict[str, Any] = {"template": "T11", "values": {"电话": "一二三四五"}}
    counts_only, drafting._parts = drafting._parts, replace(drafting._parts, is_counts_only=False)
    stopped = await house.post(path, "ANNC", **words)
    assert (stopped.status_code, codes(stopped)) == (409, ["release.counts_only"])
    (kept,) = await house.records.announcements()
    override = f"/announcements/{kept.announcement_id}/override"
    assert (await house.post(override, "LEAD", reason="asked for")).status_code == 409
    assert not house.speaker.played
    drafting._parts = counts_only
    body = await said(house, await house.post(path, "ANNC", **words))
    assert house.speaker.played == [body["id"]]


async def test_who_has_another_part_of_the_district_finds_neither_alert_nor_words(
    house: House,
) -> None:
    await acknowledged(house)
    blocked = await house.post(f"/alerts/{ALERT}/speak", "ANNC", text="穿黄衣服的请离开")
    assert blocked.status_code == 409
    (kept,) = await house.records.announcements()
    roles = (Role.ANNOUNCER, Role.LEADER)
    other = house.client(await house.let_in("Li", roles=roles, scope="440512007001"))
    for path, body in (
        (f"/api/alerts/{ALERT}/announce", {"template": "T01"}),
        (f"/api/alerts/{ALERT}/speak", {"text": "请绕行"}),
        (f"/api/announcements/{kept.announcement_id}/override", {"reason": "fire"}),
        ("/api/announcements/B-9/override", {"reason": "fire"}),
    ):
        assert (await other.post(path, json=body)).status_code == 404, path
    for where in ({"alert": ALERT}, {"grid": GRID}):
        assert (await other.get("/api/templates", params=where)).status_code == 404
    assert (await other.get("/api/templates")).status_code == 200
    assert not house.speaker.played


async def test_every_new_wording_has_a_number_of_its_own(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        desk = desk_of(store)
        author = Cause(actor="Lin", role=Role.ANNOUNCER)
        ids = [
            (await desk.write("T05", SHORTER["zh"], SHORTER["en"], author)).version_id
            for _ in range(2)
        ]
        assert ids == ["T05-v2", "T05-v3"]
        assert not any(one.is_exercise for one in (await desk.versions()).values())
