"""What must hold after whatever was pressed: DOMAIN 5.5, read from the store and from the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx

from ground_station.casework.states import FINAL, CaseState
from ground_station.store.chain import verify
from patrol.cause import Role
from patrol.clock import parse_utc
from patrol.geo import GeoPoint, distance_m
from tests.stories.walk_house import ELSEWHERE, PEOPLE, STRANGER, TABLES, Ask, Kept, WalkHouse
from vision.crowd import CrowdRules

RULES = CrowdRules()
ONE_CROWD_M = 15.0  # the camera's crowd stands at one place, and its middle shifts with its size
IMAGES = {".jpg", ".jpeg", ".png", ".mp4", ".h264", ".webp", ".gif"}
# Where a record has come to its end; a closed case may be evaluated or opened again.
ENDS = {
    "sorties": ("CLOSED",), "alerts": ("CLOSED",), "shifts": ("CLOSED",),
    "whistles": ("FLOWN", "WITHDRAWN"), "notices": ("WITHDRAWN",), "dispatches":
    ("DONE", "RETURNED"), "template_versions": ("RETIRED",), "cases":
    ("REJECTED", "MERGED", "VOIDED"), "announcements": ("PLAYED", "FAILED", "CANCELLED"),
    "missions": ("CLOSED", "CANCELLED"),
}  # fmt: skip
_OF_THE_FLIGHT = ("sortie.landed", "sortie.aborted")  # under the name of who launched it
_SPOKEN = ("PLAYING", "PLAYED")


def was_refused(answer: httpx.Response) -> bool:
    """A no that says why in both languages, and is no fault of ours."""
    if answer.is_success:
        return False
    assert 400 <= answer.status_code < 500, f"{answer.request.url}: {answer.text}"
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == answer.status_code
    assert body["error"], answer.text
    assert body["error_zh"], answer.text
    return True


def nothing_changed(before: Kept, after: Kept, answers: Sequence[httpx.Response]) -> None:
    """What is refused leaves every record as it was; that it was tried may be told."""
    asked = [(str(answer.request.url), answer.text) for answer in answers]
    refused = [answer.json() for answer in answers if not answer.is_success]
    said = {body.get("announcement", "") for body in refused} - {""}
    for name in said:  # a release that a rule forbids is kept, with every reason
        assert after.records["announcements"][name]["state"] == "BLOCKED"
        assert after.records["announcements"][name]["body"]["blocked"]
    # A log that waits for an open alert keeps the signature, and says so in its no.
    said |= {
        answer.request.url.path.split("/")[3] for answer in answers
        if answer.status_code == 409 and answer.json()["error"].startswith("your signature is kept")
    }  # fmt: skip
    said |= _moved_by_itself(before, after)
    for table in TABLES:
        old, new = before.records[table], after.records[table]
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        assert changed <= said, (table, changed, asked)
    for table, rows in before.appended.items():
        added = after.appended[table][len(rows) :]
        assert all(row.get("role") == Role.SYSTEM.value for row in added), (added, asked)


def _moved_by_itself(before: Kept, after: Kept) -> set[str]:
    """Records that a clock or an aircraft moved on meanwhile: the chain names the cause."""
    return {
        row["object"] for row in after.audit[len(before.audit) :]
        if row["role"] == Role.SYSTEM.value or row["action"] in _OF_THE_FLIGHT
    }  # fmt: skip


def was_let(before: Kept, after: Kept, ask: Ask) -> None:
    """What was done is in the chain under this name, and a role that this person holds."""
    roles = {role.value for role in PEOPLE[ask.person][0]}
    rows = after.audit[len(before.audit) :]
    assert ask.person != STRANGER, (ask, "nothing here is theirs")
    own = [row for row in rows if row["actor"] == ask.person]
    assert own, (ask, rows)
    assert all(row["role"] in {*roles, Role.NONE.value} for row in own), (ask, own)
    named = [row for row in own if row["role"] in roles]
    assert named, (ask, own)
    asked = ask.body.get("role") if isinstance(ask.body, dict) else None
    assert asked is None or {row["role"] for row in named} == {asked}, (ask, own)


def all_holds(house: WalkHouse, before: Kept, now: Kept) -> None:
    """Everything, once the house has come to rest."""
    _only_grows(before, now)
    _cases(now)
    _spaces_and_counts(now)
    _words(house, now)
    _alerts(now)
    _ends(before, now)
    _flights(house, now)
    _live_state(house, now)


def chain_holds(house: WalkHouse, earlier: Kept) -> None:
    """I9: the chain verifies, and what was told earlier stands in it unchanged."""
    rows = len(earlier.audit)
    verdict = verify(house.database, rows, earlier.audit[-1]["hash"]) if rows else None
    assert verdict is None or verdict.is_intact, verdict


def _only_grows(before: Kept, now: Kept) -> None:
    for table, rows in before.appended.items():
        assert now.appended[table][: len(rows)] == rows


def _cases(now: Kept) -> None:
    """I7: who handled does not check. I11: an open case has an owner and a time."""
    for row in now.records["cases"].values():
        one = row["body"]
        is_open = CaseState(one["state"]) not in FINAL
        assert bool(row["is_open"]) == is_open, one
        assert one["owner"]["unit"]
        assert one["owner"]["person"]
        assert parse_utc(one["due_utc"]) >= parse_utc(one["filed_utc"])
        handlers = {*one["handlers"], one["handled_by"]} - {""}
        for task in now.bodies("dispatches"):
            if task["case_no"] == one["case_no"]:
                handlers |= {*task["handlers"], task["answered_by"]} - {""}
        assert one["closed_by"] not in handlers, one
        assert bool(one["closed_by"]) == (one["state"] in ("CLOSED", "EVALUATED")), one
    at: dict[str, str] = {}
    for row in now.appended["case_history"]:  # of two at once each found what the other had left
        assert at.setdefault(row["case_no"], row["from_state"]) == row["from_state"], row
        at[row["case_no"]] = row["to_state"]
    assert at == {one["case_no"]: one["state"] for one in now.bodies("cases")}
    for one in now.bodies("notices"):
        assert one["reviewed_by"] not in one["authors"]
        if one["state"] == "PUBLISHED":  # I6: an exercise tells the public nothing
            assert one["audience"] == "INTERNAL"
            assert one["reviewed_by"]
    for one in now.bodies("template_versions"):  # R2, on the person
        assert one["author"] != one["approver"]
        assert one["state"] != "APPROVED" or one["approver"]


def _spaces_and_counts(now: Kept) -> None:
    """I6: every record of an exercise says so. I13: the bounds of a count are in order."""
    for table in TABLES:
        for row in now.records[table].values():
            assert row["is_exercise"], row
            for count in _counts(row["body"]):
                assert 0 <= count["low"] <= count["estimate"] <= count["high"], row
    assert all(row["is_exercise"] for row in now.audit)
    assert all(number[10] == "X" for number in now.records["cases"])


def _counts(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # JSON values
    if isinstance(value, dict):
        if {"low", "estimate", "high"} <= set(value):
            yield value
        for inner in value.values():
            yield from _counts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _counts(inner)


def _words(house: WalkHouse, now: Kept) -> None:
    """I5: a person released what was played, and what is stored is what was played."""
    played = [one for one in now.bodies("announcements") if one["state"] in _SPOKEN]
    for one in now.bodies("announcements"):
        assert Role.ANNOUNCER in PEOPLE[one["released_by"]][0] if one["released_by"] else True
        if one["overridden_by"]:
            assert Role.LEADER in PEOPLE[one["overridden_by"]][0]
            assert one["reason"]
    for one in played:
        assert one["released_by"]
        assert one["approved_by"]
        assert one["audio_sha256"]
        assert one["text_sha256"]
        assert one["heard_count"] <= one["repeats"] <= 2
    ids = {one["announcement_id"] for one in now.bodies("announcements")}
    assert set(house.street.speaker.played) <= ids, "nothing sounds that is not kept"


def _alerts(now: Kept) -> None:
    """I8: none of a count that is not valid. I14: one raise of a crowd in the re-alarm time."""
    raised = sorted(now.bodies("alerts"), key=lambda one: one["raised_utc"])
    assert all(one["count"]["is_valid"] for one in raised)
    for earlier, later in pairwise(raised):
        if distance_m(_point(earlier), _point(later)) < ONE_CROWD_M:
            after = parse_utc(later["raised_utc"]) - parse_utc(earlier["raised_utc"])
            assert after >= timedelta(seconds=RULES.re_alarm_s), (earlier, later)
    for one in raised:
        assert one["state"] != "ESCALATED" or one["case_no"]
        assert one["state"] != "DISMISSED" or one["dismissed_reason"]
        assert not one["announcement_ids"] or one["acknowledged_by"]


def _point(alert: dict[str, Any]) -> GeoPoint:
    return GeoPoint(**alert["place"])


def _ends(before: Kept, now: Kept) -> None:
    """I9: no record is lost, and one that has come to its end is as it was."""
    for table, states in ENDS.items():
        for name, row in before.records[table].items():
            assert name in now.records[table], (table, name)
            if row["state"] in states:
                assert now.records[table][name] == row, (table, name)


def _flights(house: WalkHouse, now: Kept) -> None:
    """I4: nothing arms but what a pilot launched of a plan with a leader's name. I10: no image."""
    launched = [row for row in now.audit if row["action"] == "sortie.launched"]
    assert house.arm_count <= len(launched)
    assert all(row["role"] == Role.PILOT.value for row in launched)
    approved = {one["plan_id"]: one["approved_by"] for one in now.bodies("plans")}
    for one in now.bodies("sorties"):
        assert Role.LEADER in PEOPLE[approved[one["plan_id"]]][0], one
        assert one["state"] != "CLOSED" or {s["role"] for s in one["signatures"]} == {
            "PILOT",
            "REG",
        }
    assert not [path for path in house.files() if path.suffix.lower() in IMAGES]
    for row in now.records["sightings"].values():  # I12: never nearer to anybody than the rule
        seen = row["body"]["sighting"]
        nearest_m, need_m = seen["nearest_person_m"], seen["standoff_need_m"]
        assert nearest_m is None or need_m is None or nearest_m >= need_m, seen


def _live_state(house: WalkHouse, now: Kept) -> None:
    """What the consoles show and what the store keeps are one thing, for whoever may see it."""
    state = house.look("Wei", "/state").json()
    shown = {one["case_no"]: one["state"] for one in state["cases"]}
    kept = {one["case_no"]: one["state"] for one in now.bodies("cases")}
    assert shown == {
        number: at for number, at in kept.items() if CaseState(at) not in FINAL
    }  # fmt: skip
    for unit in state["units"].values():
        for one in unit.get("alerts") or ():
            assert one["state"] == now.records["alerts"][one["id"]]["state"]
        sortie = unit.get("sortie")
        if sortie and sortie["state"] in ("LANDED", "ABORTED", "CLOSED"):
            assert now.records["sorties"][sortie["id"]]["state"] == sortie["state"]
    for event in state["story"]:
        for key, table in (("case_no", "cases"), ("alert", "alerts"), ("notice", "notices")):
            named = event.get(key)
            assert not named or named in now.records[table], event


def shift_log_leaves_nothing_out(house: WalkHouse, now: Kept) -> None:
    """I15: what was planned and not visited is listed, at whatever moment somebody reads."""
    for one in now.bodies("shifts"):
        log = house.look("Shen", f"/shifts/{one['shift_id']}/log").json()
        visited, unvisited = set(log["visited_grids"]), set(log["unvisited_grids"])
        assert not visited & unvisited
        assert set(one["planned_grids"]) <= visited | unvisited, log


def other_parts_see_nothing(house: WalkHouse, now: Kept) -> None:
    """Whoever has another part of the district sees nothing of this one, by any road."""
    if not now.records["cases"]:
        return
    state = house.look(STRANGER, "/state").json()
    assert state["cases"] == []
    assert all(event["grid"].startswith(ELSEWHERE) for event in state["story"]), state["story"]
    number = next(iter(now.records["cases"]))
    assert house.look(STRANGER, f"/cases/{number}").status_code == 404
    assert house.look(STRANGER, "/cases").json()["items"] == []
