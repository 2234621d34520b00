"""The story in sentences for a person and in JSON lines for a program: the same events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ground_station.story_printer import StoryPrinter
from ground_station.story_text import count_text, sentence
from patrol.story import StoryEvent
from tests.fakes import START
from tests.ground_core import GRID, SORTIE

COUNT = {"low": 19.2, "estimate": 27.6, "high": 38.4, "is_valid": True}
# Every event with the fields its teller gives it, and words that a reader needs.
TOLD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("standoff", {"reason": "the way passes the crowd at 5 m: it goes home", "way": "home"},
     ["stand-off", "it goes home"]),
    ("hold.over", {"reason": "the alert is open"}, ["hold over", "the alert is open"]),
    ("alert.renotified", {"text": "nobody has acknowledged within 60 s", "told": "x"},
     ["within 60 s"]),
    ("alert.escalated", {"by": "Chen", "reason": "a fair"}, ["handed on by Chen", "a fair"]),
    ("announcement.cancelled", {"reason": "stopped by Wu"}, ["stopped by Wu"]),
    ("log.waits", {"reason": "open alerts: A-1"}, ["stays open", "A-1"]),
    ("case.closed", {"case_no": "HJ1", "by": "Chen"}, ["HJ1", "Chen"]),
    ("mission.cancelled", {"mission": "M-1", "by": "Zheng", "reason": "rain"},
     ["M-1", "cancelled by Zheng", "rain"]),
    ("mission.expired", {"mission": "M-1", "reason": "not flown by the end of 2026-11-24"},
     ["M-1", "not flown by the end"]),
    ("mission.abort_asked", {"mission": "M-1", "by": "Zheng", "reason": "a fair"},
     ["Zheng asks", "M-1", "a fair"]),
    ("mission.aborted", {"mission": "M-1", "by": "Huang", "reason": "birds"},
     ["M-1", "aborted by Huang", "birds"]),
    ("plan.made", {"plan": "M-1", "grid_name": "第四网格", "length_m": 950, "findings_count": 2},
     ["第四网格", "950 m", "2 findings"]),
    ("plan.finding", {"plan": "M-1", "level": "warn", "text": "no elevation data"},
     ["warn", "no elevation data"]),
    ("plan.cleared", {"plan": "M-1", "by": "Zheng", "permits": []}, ["Zheng", "no permit"]),
    ("plan.cleared", {"plan": "M-1", "by": "Zheng", "permits": ["P-1"]}, ["by permit P-1"]),
    ("plan.approved", {"plan": "M-1", "by": "Zheng"}, ["approved by Zheng"]),
    ("mission.uploaded", {"plan": "M-1", "items": 7, "digest": "ab", "read_back": True},
     ["uploaded", "read back", "7"]),
    ("preflight", {"findings": [{"text": "no home"}]}, ["pre-flight", "no home"]),
    ("airborne", {"height_above_home_m": 30.0}, ["airborne"]),
    ("waypoint", {"index": 2, "total": 5}, ["waypoint 2 of 5"]),
    ("sighting", {"count": COUNT, "nearest_person_m": 46.4}, ["28 people (19 to 38)", "46 m"]),
    ("hold", {"reason": "candidate crowd", "at": [116.7, 23.2]}, ["holding", "candidate crowd"]),
    ("resumed", {"by": "Huang", "waypoint": 2}, ["resumed"]),
    ("alert.raised", {"alert": "A-1", "count": COUNT, "grid_name": "第四网格"},
     ["ALERT", "聚集", "28 people", "第四网格"]),
    ("alert.raised", {"alert": "A-1", "kind": "DENSITY", "count": COUNT, "grid_name": "第四网格"},
     ["ALERT", "拥挤 crowding", "28 people", "第四网格"]),
    ("alert.lifted", {"level": "CRITICAL", "was": "AMBER", "count": COUNT, "grid_name": "第四网格"},
     ["ALERT CRITICAL", "was AMBER", "28 people", "第四网格"]),
    ("alert.acknowledged", {"alert": "A-1", "by": "Wu"}, ["acknowledged by Wu"]),
    ("announcement.released",
     {"template": "T01", "by": "Lin", "text_zh": "请保持距离", "text_en": "Keep apart"},
     ["T01", "Lin", "请保持距离"]),
    ("announcement.played", {"template": "T01", "duration_s": 4.06, "voice": "sit/cmn"},
     ["played 4.1 s: speech sit/cmn"]),
    ("announcement.played", {"duration_s": 4, "voice": "recording teochew T01.teochew.opus"},
     ["played 4.0 s: recording teochew T01.teochew.opus"]),
    ("announcement.blocked", {"template": "T01", "reason": "at night"}, ["blocked", "at night"]),
    ("announcement.overridden",
     {"template": "T04", "released_by": "Lin", "by": "Zheng", "reason": "a crush"},
     ["T04", "released by Lin", "overridden by Zheng", "a crush"]),
    ("effect.natural", {"before": COUNT, "after": COUNT, "verdict": "persisting"},
     ["nobody spoke", "28 people", "persisting"]),
    ("effect.resumed", {"alert": "A-1", "left_s": 420}, ["A-1", "goes on", "420 s"]),
    ("effect.followed", {"effect": "B-1-E", "relapse_alert_id": "A-2"}, ["B-1-E", "back", "A-2"]),
    ("effect.followed", {"effect": "B-1-E", "displaced_alert_id": "A-3"}, ["near by", "A-3"]),
    ("look", {"dt_s": 180.0, "count": COUNT, "is_observed": True}, ["+3 min", "28 people"]),
    ("effect", {"before": COUNT, "after": None, "verdict": "dispersed"},
     ["before 28 people", "after not counted", "dispersed"]),
    ("case.filed",
     {"case_no": "20261124X01", "severity": "MINOR", "tier": "SMALL", "owner_unit": "第四网格",
      "owner_person": "陈", "due_utc": None},
     ["20261124X01", "MINOR", "第四网格", "陈"]),
    ("mission.flown", {"waypoints": 7}, ["every leg flown"]),
    ("returning", {"reason": "the patrol is flown"}, ["returning home", "the patrol is flown"]),
    ("landed", {"battery_pct": 71.2, "waypoints": 7}, ["landed", "71 %"]),
    ("log.closed", {"rows": 61, "head": "c0ffee"}, ["61 rows", "c0ffee"]),
    ("speed", {"speed": 2.5, "reason": "the eye keeps up"}, ["2.5x", "the eye keeps up"]),
    ("guardian", {"rule": "battery.low", "action": "return"}, ["battery.low", "return"]),
    ("guardian", {"rule": "wind.strong", "action": "return", "text": "the wind is too strong"},
     ["return", "too strong"]),
    ("sortie.adopted", {"mode": "mission", "waypoint": 2, "total": 7, "held": False},
     ["found in the air", "waypoint 2 of 7"]),
    ("sortie.adopted", {"mode": "hold", "waypoint": 2, "total": 7, "held": True},
     ["holds until the pilot resumes"]),
    ("sortie.not_adopted", {"reason": "another mission"}, ["not taken over", "another mission"]),
    ("sortie.found_ended", {"reason": "it landed"}, ["earlier sortie is over", "it landed"]),
    ("vehicle.said", {"vehicle": "GP-1", "severity": "WARNING", "text": "Arming denied"},
     ["autopilot", "Arming denied"]),
    ("watchdog.lost", {"code": -9}, ["watchdog", "-9", "started again"]),
    ("station.was_ended", {"ended_utc": "2026-11-24T01:29:00.000Z", "silent_s": 5.0},
     ["hung", "watchdog", "11-24 09:29"]),
]  # fmt: skip
# What a teller leaves out while it is not known must not cost the reader the line.
UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("landed", {"battery_pct": None}),
    ("sighting", {"count": None, "nearest_person_m": None}),
    ("look", {"dt_s": 60.0, "count": None, "is_observed": False}),
    ("effect", {"before": None, "after": None, "verdict": "not_observed"}),
    ("returning", {}),
    ("station.was_ended", {"ended_utc": None, "silent_s": None}),
    ("hold", {}),
]


def an_event(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    event = StoryEvent(name=name, time_utc=START, sortie=SORTIE, grid=GRID, fields=fields)
    return event.to_dict()


@pytest.mark.parametrize(("name", "fields", "words"), TOLD, ids=[name for name, *_ in TOLD])
def test_every_event_has_a_sentence_with_its_local_time_and_its_facts(
    name: str, fields: dict[str, Any], words: list[str]
) -> None:
    told = sentence(an_event(name, fields))
    assert told.startswith("09:30:00  ")  # Shanghai, where START is 01:30 UTC
    assert [word for word in words if word not in told] == []
    assert "None" not in told.replace("due None", "")
    assert "{" not in told


@pytest.mark.parametrize(("name", "fields"), UNKNOWN)
def test_what_is_not_known_is_left_out_or_said_and_the_line_is_still_told(
    name: str, fields: dict[str, Any]
) -> None:
    told = sentence(an_event(name, fields))
    assert len(told) > len("09:30:00  ")
    assert "None" not in told


def test_an_event_of_a_newer_station_is_told_with_its_own_name_and_facts() -> None:
    told = sentence(an_event("kite.seen", {"colour": "red"}))
    assert told == "09:30:00  kite.seen colour=red"
    assert sentence(an_event("kite.seen", {})) == "09:30:00  kite.seen"


def test_a_count_is_told_in_whole_people_with_its_bounds() -> None:
    assert count_text(COUNT) == "28 people (19 to 38)"
    assert count_text(None) == count_text({}) == "not counted"


@pytest.mark.parametrize(("name", "fields", "words"), TOLD, ids=[name for name, *_ in TOLD])
def test_as_json_each_event_is_one_line_with_time_event_sortie_and_grid(
    capsys: pytest.CaptureFixture[str], name: str, fields: dict[str, Any], words: list[str]
) -> None:
    StoryPrinter(as_json=True).event(an_event(name, fields))
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.endswith("\n")
    assert printed.out.count("\n") == 1
    told = json.loads(printed.out)
    assert list(told)[:5] == ["t_utc", "event", "sortie", "grid", "aircraft"]
    assert told == {
        "t_utc": "2026-11-24T01:30:00.000Z", "event": name, "sortie": SORTIE, "grid": GRID,
        "aircraft": "",
    } | fields  # fmt: skip


def test_chinese_is_printed_as_itself(capsys: pytest.CaptureFixture[str]) -> None:
    event = an_event("announcement.released", {"text_zh": "请保持距离"})
    for printer in (StoryPrinter(as_json=True), StoryPrinter(as_json=False)):
        printer.event(event)
        assert "请保持距离" in capsys.readouterr().out


def test_for_a_person_each_event_is_one_line_however_long_or_odd(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = an_event("vehicle.said", {"text": "[bold]EKF2[/bold] " + "far " * 80})
    StoryPrinter(as_json=False).event(event)
    printed = capsys.readouterr().out
    assert printed == sentence(event) + "\n"


def test_notes_and_the_progress_line_stay_off_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for as_json in (True, False):
        printer = StoryPrinter(as_json=as_json)
        printer.note("console: http://127.0.0.1:8000")
        printer.progress("x5 MISSION 30 m")
        printer.done()
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == "console: http://127.0.0.1:8000\n"
