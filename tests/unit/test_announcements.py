"""When words may be spoken, and that what is stored is what was played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from drone.loudness import level_1m_dba
from ground_station.alert_levels import AlertLevel
from ground_station.announcements import (
    VOLUME_PCT,
    Announcement,
    AnnouncementEvent,
    AnnouncementState,
    Occasion,
    Sound,
    advance,
    draft_announcement,
)
from ground_station.legal import EXERCISE_LEGAL_BASIS_FILE, LegalBook, read_legal_bases
from ground_station.release_rules import ReleaseContext, may_release
from ground_station.templates import Category, Need, Profile, load_templates
from ground_station.words.audible import Sounding, sounding
from ground_station.words.typed import in_emergency, typed_words
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused
from patrol.plan import Finding, Level, stops
from patrol.telemetry import Wind
from tests.ground_core import (
    ANNOUNCER,
    GRID,
    LEADER,
    MORNING,
    OPERATOR,
    PILOT,
    PLACE,
    SORTIE,
    SYSTEM,
    later,
)

E, S = AnnouncementEvent, AnnouncementState
T = load_templates()
LEGAL = read_legal_bases(EXERCISE_LEGAL_BASIS_FILE)


OCCASION = Occasion(
    alert_id="A-1", sortie=SORTIE, grid_code=GRID, at_utc=MORNING, is_exercise=True,
    legal_basis_id="LB-EX-1",
)  # fmt: skip


def a_draft(name: str = "B-1") -> Announcement:
    return draft_announcement(T["T01"], OCCASION, announcement_id=name)


def queued(name: str = "B-1") -> Announcement:
    approved = advance(a_draft(name), E.APPROVE, SYSTEM, MORNING)
    return advance(approved, E.QUEUE, ANNOUNCER, MORNING)


def played(name: str, at_s: float) -> Announcement:
    started = advance(queued(name), E.START, SYSTEM, later(at_s), sound=Sound(sha256="ab"))
    return advance(started, E.FINISH, SYSTEM, later(at_s + 4), sound=Sound(sha256="ab"))


def heard_at(slant_range_m: float | None, spl_1m_dba: float = 107.0) -> Sounding | None:
    """Straight above a place without wind."""
    if slant_range_m is None:
        return None
    return sounding(
        speaker=PLACE, height_agl_m=slant_range_m, ear=PLACE, spl_1m_dba=spl_1m_dba,
        wind=Wind(speed_m_s=0.0, from_deg_true=0.0),
    )  # fmt: skip


def context(
    *,
    at_utc: datetime = MORNING,
    cause: Cause = ANNOUNCER,
    grid_code: str | None = GRID,
    is_exercise: bool = True,
    slant_range_m: float | None = 50.0,
    legal: LegalBook = LEGAL,
    earlier: Sequence[Announcement] = (),
    is_airborne: bool | None = True,
) -> ReleaseContext:
    return ReleaseContext(
        at_utc=at_utc, cause=cause, alert_id="A-1", grid_code=grid_code,
        is_exercise=is_exercise, heard=heard_at(slant_range_m), legal=legal, earlier=earlier,
        is_airborne=is_airborne,
    )  # fmt: skip


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def at_shanghai(hour: int, minute: int) -> datetime:
    return datetime(2026, 11, 24, (hour - 8) % 24, minute, tzinfo=UTC)


def test_t01_may_be_spoken_in_the_morning_with_an_order_in_force() -> None:
    assert may_release(T["T01"], context()) == []


@pytest.mark.parametrize(
    ("hour", "minute", "code"),
    [
        (21, 59, None),
        (22, 0, "release.night"),
        (0, 30, "release.night"),
        (5, 59, "release.night"),
        (6, 0, None),
        (12, 29, None),
        (12, 30, "release.rest_time"),
        (13, 59, "release.rest_time"),
        (14, 0, None),
    ],
)
def test_quiet_hours_are_kept(hour: int, minute: int, code: str | None) -> None:
    findings = stops(may_release(T["T01"], context(at_utc=at_shanghai(hour, minute))))
    assert codes(findings) == ([code] if code else [])
    assert all("噪声污染防治法" in finding.article for finding in findings)


def test_safety_words_are_not_held_back_at_night() -> None:
    critical = replace(context(at_utc=at_shanghai(23, 0)), alert_level=AlertLevel.CRITICAL)
    findings = may_release(T["T04"], critical)
    assert stops(findings) == []
    assert codes(findings) == ["release.night"]


def test_typed_safety_words_are_held_back_like_any_others_where_no_emergency_is() -> None:
    typed = typed_words("请不要推挤", language="zh", category=Category.SAFETY)
    night = context(at_utc=at_shanghai(22, 30), legal=LegalBook())
    assert codes(stops(may_release(typed, night))) == ["release.night", "release.no_high_volume"]
    assert codes(stops(may_release(in_emergency(typed), night))) == []
    too_soon = context(at_utc=later(60), earlier=[played("B-1", 0)])
    assert codes(stops(may_release(typed, too_soon))) == ["release.too_soon"]


def test_even_in_an_emergency_typed_words_have_an_end_and_approved_ones_a_warning() -> None:
    typed = typed_words("请不要推挤", language="zh", category=Category.SAFETY)
    used_up = context(at_utc=later(60), earlier=[replace(played("B-1", 0), repeats=2)])
    found = may_release(in_emergency(typed), used_up)
    assert codes(found) == ["release.repeats", "release.too_soon"]
    assert codes(stops(found)) == ["release.repeats"]
    approved = may_release(T["T03"], used_up)
    assert (codes(approved), stops(approved)) == (codes(found), [])


def test_without_an_order_the_words_are_stopped() -> None:
    found = codes(stops(may_release(T["T01"], context(legal=LegalBook()))))
    assert found == ["release.no_gathering_order", "release.no_high_volume"]


def test_an_order_for_another_place_is_none() -> None:
    assert "release.no_gathering_order" in codes(may_release(T["T01"], context(grid_code="110101")))
    assert "release.no_gathering_order" in codes(may_release(T["T01"], context(grid_code=None)))


def test_an_exercise_order_is_none_for_a_live_patrol() -> None:
    assert "release.no_gathering_order" in codes(may_release(T["T01"], context(is_exercise=False)))


def test_a_person_releases() -> None:
    nobody = Cause(actor="", role=Role.ANNOUNCER)
    assert codes(stops(may_release(T["T01"], context(cause=nobody)))) == ["release.person"]
    assert codes(stops(may_release(T["T01"], context(cause=SYSTEM)))) == ["release.person"]


def test_an_automatic_operator_releases_in_an_exercise_only() -> None:
    robot = Cause(actor="auto-operator", role=Role.ANNOUNCER, is_automatic=True)
    assert may_release(T["T01"], context(cause=robot)) == []
    live = codes(stops(may_release(T["T01"], context(cause=robot, is_exercise=False))))
    assert "release.auto_operator" in live


def test_three_minutes_pass_between_two_plays() -> None:
    first = played("B-1", 0)
    soon = codes(stops(may_release(T["T01"], context(at_utc=later(179), earlier=[first]))))
    assert soon == ["release.too_soon"]
    assert may_release(T["T01"], context(at_utc=later(180), earlier=[first])) == []


def test_a_crowd_is_spoken_to_twice_at_the_most() -> None:
    earlier = [played("B-1", 0), played("B-2", 200)]
    found = stops(may_release(T["T01"], context(at_utc=later(600), earlier=earlier)))
    assert codes(found) == ["release.repeats"]


def test_a_release_that_is_played_twice_uses_both_plays_up() -> None:
    twice = replace(context(), repeat=2)
    assert may_release(T["T01"], twice) == []
    later_on = replace(twice, at_utc=later(300), earlier=[played("B-1", 0)])
    assert codes(may_release(T["T01"], later_on)) == ["release.repeats"]
    used_up = replace(played("B-1", 0), repeats=2)
    once_more = context(at_utc=later(300), earlier=[used_up])
    assert codes(may_release(T["T01"], once_more)) == ["release.repeats"]
    for repeat in (0, 3):
        wrong = may_release(T["T01"], replace(context(), repeat=repeat))
        assert codes(wrong) == ["release.repeats"]


def test_the_volume_is_the_profiles_and_only_emergencies_have_the_full_level() -> None:
    volumes = {
        name: draft_announcement(T[name], OCCASION, announcement_id="B-1").volume_pct
        for name in ("T06", "T01", "T03")
        if not T[name].slots
    }
    assert VOLUME_PCT == {Profile.ADVISORY: 50.0, Profile.NORMAL: 71.0, Profile.EMERGENCY: 100.0}
    assert volumes["T06"] == VOLUME_PCT[Profile.ADVISORY] < volumes["T01"] < 100.0
    for profile, volume_pct in VOLUME_PCT.items():
        heard = heard_at(50.0, level_1m_dba(volume_pct))
        assert heard is not None
        assert 65.0 < heard.level_dba < 85.0, profile


def test_words_heard_fewer_times_than_released_are_a_failure() -> None:
    twice = replace(queued(), repeats=2)
    started = advance(twice, E.START, SYSTEM, MORNING, sound=Sound(sha256="ab"))
    half = advance(started, E.FINISH, SYSTEM, MORNING, sound=Sound(sha256="ab", heard_count=1))
    assert (half.state, half.reason, half.heard_count) == (S.FAILED, "heard 1 of 2 times", 1)
    whole = advance(started, E.FINISH, SYSTEM, MORNING, sound=Sound(sha256="ab", heard_count=2))
    assert (whole.state, whole.heard_count) == (S.PLAYED, 2)


def test_a_grid_hears_three_announcements_in_half_an_hour() -> None:
    earlier = [replace(played(f"B-{n}", n * 200), alert_id=f"A-{n + 5}") for n in range(3)]
    found = stops(may_release(T["T01"], context(at_utc=later(900), earlier=earlier)))
    assert codes(found) == ["release.grid_budget"]
    assert may_release(T["T01"], context(at_utc=later(1801), earlier=earlier)) == []


def test_a_busy_speaker_is_no_second_one() -> None:
    found = stops(may_release(T["T01"], context(earlier=[queued()])))
    assert codes(found) == ["release.speaker_busy"]


def test_what_never_began_costs_no_budget() -> None:
    failed = advance(queued(), E.FAIL, SYSTEM, MORNING, reason="speaker away")
    assert may_release(T["T01"], context(earlier=[failed])) == []


@pytest.mark.parametrize(
    ("range_m", "found"),
    [
        (10.0, ["release.too_loud"]),
        (20.0, []),
        (60.0, []),
        (95.0, ["release.faint"]),
        (130.0, ["release.not_audible"]),
        (None, ["release.range_unknown"]),
    ],
)
def test_the_distance_decides_the_level_at_the_ear(range_m: float | None, found: list[str]) -> None:
    assert codes(may_release(T["T01"], context(slant_range_m=range_m))) == found


def test_who_would_not_understand_a_word_is_not_spoken_to() -> None:
    for range_m in (130.0, None):
        (finding,) = stops(may_release(T["T01"], context(slant_range_m=range_m)))
        assert finding.article


def test_words_that_point_at_one_person_are_stopped_and_no_leader_plays_them() -> None:
    slip = context()
    for text in ("穿黄衣服的请离开", "You there with the red hat, leave"):
        found = stops(may_release(T["T01"], replace(slip, texts=(text,))))
        assert set(codes(found)) == {"release.describes_person"}, text
        assert all("个人信息保护法" in finding.article for finding in found)
        blocked = advance(queued(), E.BLOCK, SYSTEM, MORNING, findings=found)
        with pytest.raises(Refused, match="cannot be overridden"):
            advance(blocked, E.OVERRIDE, LEADER, MORNING, reason="fire")
    assert may_release(T["T01"], replace(slip, texts=("请不要推挤", "Do not push"))) == []


def test_words_for_another_situation_are_stopped() -> None:
    assert "release.critical_density" in codes(may_release(T["T04"], context()))
    school = replace(context(at_utc=at_shanghai(7, 30)), places={Need.SCHOOL_GATE: True})
    assert may_release(T["T10"], school) == []
    assert "release.school_hours" in codes(
        may_release(T["T10"], replace(school, at_utc=at_shanghai(10, 0)))
    )


@pytest.mark.parametrize(
    ("template", "need"),
    [
        ("T07", Need.CHECKPOINT), ("T08", Need.COAST), ("T09", Need.EMERGENCY_DECLARED),
        ("T10", Need.SCHOOL_GATE),
    ],
)  # fmt: skip
def test_what_nobody_knows_of_a_place_stops_the_words_and_is_told_from_a_no(
    template: str, need: Need
) -> None:
    at_the_gate = context(at_utc=at_shanghai(7, 30))
    assert stops(may_release(T[template], replace(at_the_gate, places={need: True}))) == []
    (unknown,) = stops(may_release(T[template], at_the_gate))
    (known,) = stops(may_release(T[template], replace(at_the_gate, places={need: False})))
    assert unknown.code == known.code == f"release.{need.value.lower()}"
    assert "does not say" in unknown.text
    assert "does not say" not in known.text


def test_nobody_is_told_that_people_are_only_counted_unless_it_is_known() -> None:
    assert may_release(T["T11"], replace(context(), is_counts_only=True)) == []
    (finding,) = may_release(T["T11"], context())
    assert (finding.code, finding.level) == ("release.counts_only", Level.STOP)


def test_every_objection_is_in_both_languages() -> None:
    worst = replace(
        context(at_utc=at_shanghai(23, 0), slant_range_m=None, legal=LegalBook(), cause=SYSTEM),
        earlier=[played("B-1", 0), queued("B-2")],
    )
    findings = [item for template in T.values() for item in may_release(template, worst)]
    assert findings
    assert all(finding.text and finding.text_zh for finding in findings)
    whole = [finding for finding in stops(findings) if not finding.article]
    # A fact of the moment, no rule.
    assert set(codes(whole)) <= {"release.not_airborne"}


def test_the_words_stored_are_the_words_played() -> None:
    announcement = played("B-1", 0)
    assert announcement.state is S.PLAYED
    assert announcement.text == T["T01"].zh
    assert announcement.audio_sha256 == "ab"
    assert announcement.released_by == "Lin"


def test_another_clip_than_the_released_one_is_a_failure() -> None:
    started = advance(queued(), E.START, SYSTEM, MORNING, sound=Sound(sha256="ab"))
    ended = advance(started, E.FINISH, SYSTEM, later(4), sound=Sound(sha256="cd"))
    assert ended.state is S.FAILED
    assert "cd" in ended.reason


def test_nothing_starts_without_its_sound() -> None:
    with pytest.raises(Refused, match="sound"):
        advance(queued(), E.START, SYSTEM, MORNING)


def test_a_blocked_announcement_plays_only_when_the_leader_overrides_it_with_a_reason() -> None:
    finding = Finding(code="release.night", level=Level.STOP, text="night", text_zh="夜间")
    blocked = advance(queued(), E.BLOCK, SYSTEM, MORNING, findings=[finding])
    with pytest.raises(Refused, match="BLOCKED"):
        advance(blocked, E.START, SYSTEM, MORNING, sound=Sound(sha256="ab"))
    with pytest.raises(NotPermitted, match="LEAD"):
        advance(blocked, E.OVERRIDE, OPERATOR, MORNING, reason="fire")
    with pytest.raises(Refused, match="reason"):
        advance(blocked, E.OVERRIDE, LEADER, MORNING)
    overridden = advance(blocked, E.OVERRIDE, LEADER, MORNING, reason="fire")
    assert (overridden.overridden_by, overridden.released_by) == ("Zheng", "Lin")
    worse = Finding(code="release.speaker_busy", level=Level.STOP, text="busy", text_zh="正在播放")
    with pytest.raises(Refused, match="busy"):
        advance(blocked, E.OVERRIDE, LEADER, MORNING, reason="fire", findings=[finding, worse])


def test_the_text_of_an_announcement_is_known_by_its_hash() -> None:
    assert a_draft().is_text_whole
    assert not replace(a_draft(), text_zh=a_draft().text_zh + "!").is_text_whole


def test_nobody_overrides_that_a_person_is_missing() -> None:
    finding = Finding(code="release.person", level=Level.STOP, text="nobody", text_zh="无人")
    blocked = advance(queued(), E.BLOCK, SYSTEM, MORNING, findings=[finding])
    with pytest.raises(Refused, match="cannot be overridden"):
        advance(blocked, E.OVERRIDE, LEADER, MORNING, reason="fire")


def test_the_pilot_stops_any_announcement() -> None:
    for state in (S.DRAFT, S.APPROVED, S.QUEUED, S.BLOCKED, S.OVERRIDDEN, S.PLAYING):
        announcement = replace(queued(), state=state)
        assert advance(announcement, E.CANCEL, PILOT, MORNING).state is S.CANCELLED


def test_only_the_announcer_releases() -> None:
    approved = advance(a_draft(), E.APPROVE, SYSTEM, MORNING)
    with pytest.raises(NotPermitted, match="ANNC"):
        advance(approved, E.QUEUE, OPERATOR, MORNING)


def test_a_template_with_an_open_slot_makes_no_draft() -> None:
    with pytest.raises(Refused, match="文号"):
        draft_announcement(T["T02"], OCCASION, announcement_id="B-1")


@pytest.mark.parametrize("is_airborne", [False, None])
def test_from_the_ground_or_from_nobody_knows_where_nothing_is_said(
    is_airborne: bool | None,
) -> None:
    found = may_release(load_templates()["T01"], context(is_airborne=is_airborne))
    assert "release.not_airborne" in codes(stops(found))
