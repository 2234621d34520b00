"""Words before their release: whom they point at, who wrote them, whether anybody hears them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.templates import Category, Need, Profile, load_templates
from ground_station.words.audible import Sounding, range_findings, sounding
from ground_station.words.person_words import person_findings, read_person_words
from ground_station.words.slot_lists import (
    SlotPlace,
    choices,
    orders_in_force,
    pick,
    read_slot_lists,
)
from ground_station.words.typed import in_emergency, typed_words
from ground_station.words.versions import (
    TemplateVersion,
    VersionEvent,
    VersionState,
    WordsRejected,
    advance,
    in_use,
    write,
)
from patrol.cause import Cause, Role
from patrol.errors import ConfigError, Refused
from patrol.geo import offset
from patrol.plan import stops
from patrol.telemetry import Wind
from tests.ground_core import GRID, LEADER, LEGAL, MORNING, PLACE, later

TEMPLATES, LISTS = load_templates(), read_slot_lists()
AUTHOR = Cause(actor="Lin", role=Role.ANNOUNCER)
WHERE = SlotPlace(communities=("达埠社区",), orders=("演练〔2026〕1号",))


@pytest.mark.parametrize(
    "text",
    [
        "穿黄色衣服的朋友请离开", "那位大爷请戴好口罩", "红衣服的女士不要停留", "说的就是你",
        "粤D12345的车主请挪车", "请13812345678的机主回电", "戴墨镜的人请让开", "光头那个",
        "You there, go home", "The man in the red jacket, please leave", "that old lady",
        "anyone wearing a blue hat must go",
    ],
)  # fmt: skip
def test_words_that_point_at_one_person_are_found(text: str) -> None:
    found = person_findings([text])
    assert stops(found)
    assert found[0].article
    assert found[0].text_zh


@pytest.mark.parametrize("template", list(TEMPLATES.values()), ids=lambda t: t.template_id)
def test_no_template_that_ships_points_at_anybody(template: object) -> None:
    assert person_findings([template.zh, template.en]) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    ["请大家有序离开，谢谢配合", "请戴好口罩", "红灯亮了请等待", "前方道路封闭", "请带好随身物品",
     "Please leave in an orderly way", "The passage is full, please wait"],
)  # fmt: skip
def test_words_for_everybody_are_left_alone(text: str) -> None:
    assert person_findings([text]) == []


# Versions


def draft(name: str = "T02", author: Cause = AUTHOR, **changes: object) -> TemplateVersion:
    template = replace(TEMPLATES[name], **changes)  # type: ignore[arg-type]
    return write(template, cause=author, at_utc=MORNING, is_exercise=True)


def test_who_wrote_a_template_does_not_approve_it() -> None:
    own = draft(author=LEADER)
    with pytest.raises(Refused, match="another person approves"):
        advance(own, VersionEvent.APPROVE, LEADER, later(5))
    approved = advance(draft(), VersionEvent.APPROVE, LEADER, later(5))
    assert (approved.state, approved.author, approved.approver) == (
        VersionState.APPROVED, "Lin", "Zheng",
    )  # fmt: skip


def test_t01_stays_word_for_word() -> None:
    with pytest.raises(Refused, match="word for word"):
        draft("T01", zh="疫情期间请不要聚集！请各位尽快散开！")
    assert draft("T01").template.zh == "疫情期间请不要聚集!请各位快速散开!"


def test_a_wording_that_describes_a_person_is_no_draft() -> None:
    with pytest.raises(WordsRejected) as refused:
        draft("T05", zh="那位大爷请戴好口罩")
    assert refused.value.findings


def test_the_newest_approved_version_is_in_use_until_it_is_retired() -> None:
    first = advance(draft("T05"), VersionEvent.APPROVE, LEADER, later(5))
    second = draft("T05", version=2, zh="温馨提示：请少聚集。")
    assert in_use([first, second]) == {"T05": first.template}
    approved = advance(second, VersionEvent.APPROVE, LEADER, later(6))
    assert in_use([approved, first]) == {"T05": approved.template}
    with pytest.raises(Refused, match="reason"):
        advance(approved, VersionEvent.RETIRE, LEADER, later(7))
    retired = advance(approved, VersionEvent.RETIRE, LEADER, later(7), reason="too short")
    assert in_use([retired, first]) == {"T05": first.template}


def test_only_those_who_speak_lead_or_review_write_templates() -> None:
    with pytest.raises(Refused, match="may not write"):
        draft(author=Cause(actor="X", role=Role.PILOT))


# Slots


def test_a_slot_takes_what_is_on_its_list_and_nothing_else() -> None:
    assert pick(TEMPLATES["T03"], {"方向": "东侧出口"}, LISTS, WHERE)["方向"].en == "the east exit"
    assert pick(TEMPLATES["T07"], {"社区": "达埠社区"}, LISTS, WHERE)["社区"].zh == "达埠社区"
    for name, picked in (
        ("T03", {"方向": "那位大爷"}),
        ("T07", {"社区": "别的社区"}),
        ("T03", {"别的": "东侧出口"}),
    ):
        with pytest.raises(Refused):
            pick(TEMPLATES[name], picked, LISTS, WHERE)


def test_every_slot_of_every_template_has_a_list() -> None:
    for template in TEMPLATES.values():
        assert all(choices(template, LISTS, WHERE).values()), template.template_id


def test_order_numbers_are_those_of_the_orders_in_force_there_and_then() -> None:
    assert orders_in_force(LEGAL, grid_code=GRID, at_utc=MORNING, is_exercise=True) == [
        "演练〔2026〕1号"
    ]
    assert orders_in_force(LEGAL, grid_code=GRID, at_utc=MORNING, is_exercise=False) == []


# Typed words


def test_typed_words_take_volume_and_needs_from_what_they_are_for() -> None:
    safety = typed_words("请不要推挤", language="zh", category=Category.SAFETY)
    disperse = typed_words("请散开", language="zh", category=Category.GATHERING)
    assert (safety.profile, safety.needs) == (Profile.NORMAL, ())
    assert (disperse.profile, disperse.needs) == (Profile.NORMAL, (Need.GATHERING_ORDER,))


def test_of_typed_words_an_emergency_lifts_those_of_safety_and_no_others() -> None:
    safety = typed_words("请不要推挤", language="zh", category=Category.SAFETY)
    lifted = in_emergency(safety)
    assert (lifted.profile, lifted.zh) == (Profile.EMERGENCY, safety.zh)
    for category in (Category.ADVICE, Category.GATHERING, Category.NOTICE):
        other = typed_words("请散开", language="zh", category=category)
        assert in_emergency(other) == other, category
    assert in_emergency(TEMPLATES["T06"]) == TEMPLATES["T06"]


@pytest.mark.parametrize(
    ("text", "language", "category"),
    [
        ("", "zh", Category.SAFETY),
        ("   \n ", "zh", Category.SAFETY),
        ("请" * 76, "zh", Category.SAFETY),
        ("please " * 40, "en", Category.SAFETY),
        ("请散开", "teochew", Category.SAFETY),
        ("请散开", "zh", Category.EPIDEMIC),
    ],
)  # fmt: skip
def test_typed_words_that_may_not_be_spoken_are_refused(
    text: str, language: str, category: Category
) -> None:
    with pytest.raises(Refused):
        typed_words(text, language=language, category=category)


# Loud enough, not too loud


def heard(east_m: float, *, height_m: float = 30.0, wind: Wind | None = None) -> Sounding:
    return sounding(
        speaker=PLACE, height_agl_m=height_m, ear=offset(PLACE, east_m=east_m, north_m=0.0),
        spl_1m_dba=110.0, wind=wind,
    )  # fmt: skip


@given(st.floats(0, 300), st.floats(1, 300), st.floats(0, 20), st.floats(0, 360))
def test_farther_is_never_louder_and_wind_never_helps(
    near_m: float, more_m: float, speed_m_s: float, from_deg: float
) -> None:
    wind = Wind(speed_m_s=speed_m_s, from_deg_true=from_deg)
    still = Wind(speed_m_s=0.0, from_deg_true=0.0)
    assert heard(near_m + more_m, wind=still).level_dba < heard(near_m, wind=still).level_dba
    assert heard(near_m, wind=wind).level_dba <= heard(near_m, wind=still).level_dba + 1e-9


def test_words_go_less_far_against_the_wind_than_with_it() -> None:
    against = heard(60, wind=Wind(speed_m_s=10, from_deg_true=90.0))  # blows from the ear
    along = heard(60, wind=Wind(speed_m_s=10, from_deg_true=270.0))
    assert along.level_dba - against.level_dba == pytest.approx(4.8, abs=0.1)


@pytest.mark.parametrize(
    ("east_m", "height_m", "code"),
    [
        (0, 10, "release.too_loud"), (400, 30, "release.not_audible"), (40, 30, ""), (90, 30, ""),
    ],
)  # fmt: skip
def test_words_are_for_ears_that_hear_them_and_are_not_hurt(
    east_m: float, height_m: float, code: str
) -> None:
    still = Wind(speed_m_s=0.0, from_deg_true=0.0)
    found = range_findings(heard(east_m, height_m=height_m, wind=still))
    assert [finding.code for finding in stops(found)] == ([code] if code else [])


def test_an_unknown_distance_is_an_objection_and_an_unknown_wind_is_said() -> None:
    assert [f.code for f in stops(range_findings(None))] == ["release.range_unknown"]
    assert [f.code for f in range_findings(heard(40))] == ["release.wind_unknown"]


@pytest.mark.parametrize("read", [read_person_words, read_slot_lists])
def test_a_file_that_is_not_one_is_told_in_a_sentence(read: object, tmp_path: Path) -> None:
    assert callable(read)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.json")
    wrong = tmp_path / "wrong.json"
    for body in (
        "[]",
        "{}",
        '{"version": "1", "patterns": [{"what": "x", "what_zh": "x", "pattern": "("}]}',
    ):
        wrong.write_text(body, "utf-8")
        with pytest.raises(ConfigError, match="not a"):
            read(wrong)
