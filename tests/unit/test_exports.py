"""What leaves the house: GeoJSON, tables and reports, and what the public is not told."""

from __future__ import annotations

import csv
import io
import struct
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.alerts import AlertEvent
from ground_station.announcements import AnnouncementState
from ground_station.out.book import (
    Audience,
    DayBook,
    Language,
    SortiePages,
    TrackPoint,
    Visit,
    visits_of,
)
from ground_station.out.geojson import day_collection, outer_ring, sortie_collection
from ground_station.out.ledgers import case_ledger_csv, coverage_csv, harmless, patrol_log_csv
from ground_station.out.reading import within
from ground_station.out.report import Figure, Report, Table, day_report, sortie_report
from ground_station.out.report_html import to_html
from ground_station.out.report_pdf import _body as pdf_body
from ground_station.out.report_pdf import to_pdf
from ground_station.out.tlog import sortie_tlog
from ground_station.out.wording import word
from ground_station.sorties import SortieState, WindSeen
from patrol.geo import GeoPoint, offset
from patrol.sighting import poisson_count
from tests.ground_core import (
    GRID,
    MORNING,
    PLACE,
    a_plan,
    a_sighting,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
)
from tests.ground_story import a_case, an_announcement, an_effect

OTHER_GRID = "440512001003005"
OUTLINE = tuple(
    offset(PLACE, east_m=east, north_m=north)
    for east, north in ((-200, -200), (200, -200), (200, 200), (-200, 200))
)
SQUARE = {
    "type": "Polygon",
    # Clockwise, as some tools write it.
    "coordinates": [[[116.0, 23.0], [116.0, 23.1], [116.1, 23.1], [116.1, 23.0], [116.0, 23.0]]],
}


def pages(people: float = 28.0) -> SortiePages:
    case = replace(
        a_case(an_observed_alert(AlertEvent.DISPERSE), people), case_no="HJ20261124X001000012"
    )
    record = replace(
        a_sortie(SortieState.LANDED), takeoff_utc=later(1), landed_utc=later(400),
        waypoint_index=1, waypoint_total=1,
    )  # fmt: skip
    track = tuple(
        TrackPoint(
            time_utc=later(10 * n), point=offset(PLACE, east_m=5.0 * n, north_m=0.0),
            height_above_home_m=30.0,
        )
        for n in range(5)
    )  # fmt: skip
    return SortiePages(
        record=record, plan=a_plan(), track=track, sightings=(a_sighting(),),
        alerts=(an_alert(),), announcements=(an_announcement(),), effects=(an_effect(),),
        cases=(case,), max_height_above_home_m=30.0,
    )  # fmt: skip


def book(people: float = 28.0) -> DayBook:
    one = pages(people)
    grids = {GRID: "第四网格", OTHER_GRID: "第五网格", "440512002001001": "别处"}
    return DayBook(
        day=date(2026, 11, 24), scope="440512001", register_version="sample-1", sorties=(one,),
        cases=one.cases, visits=visits_of((one,), grids, "440512001"), is_exercise=True,
    )  # fmt: skip


def report(audience: Audience = Audience.INTERNAL, language: Language = Language.ZH) -> Report:
    return sortie_report(
        pages(), outlines={GRID: OUTLINE}, language=language, audience=audience, made_utc=MORNING
    )


def rows_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")  # without it an office program guesses the encoding
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@given(
    st.lists(
        st.tuples(st.floats(-400, 400), st.floats(-400, 400)), min_size=3, max_size=8, unique=True
    )
)
def test_an_outer_ring_is_closed_and_never_clockwise(corners: list[tuple[float, float]]) -> None:
    ring = outer_ring([offset(PLACE, east_m=e, north_m=n) for e, n in corners])
    assert ring[0] == ring[-1]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False))
    assert area >= -1e-9
    assert all(round(value, 7) == value for position in ring for value in position)


def test_a_days_collection_says_its_datum_and_carries_no_crs() -> None:
    made = day_collection(book(), {GRID: SQUARE}, Audience.INTERNAL)
    assert "crs" not in made
    assert all("WGS-84" in item["properties"]["datum_note"] for item in made["features"])
    grid = next(f for f in made["features"] if f["properties"]["kind"] == "grid")
    ring = grid["geometry"]["coordinates"][0]
    assert ring == SQUARE["coordinates"][0][::-1]
    kinds = {item["properties"]["kind"] for item in made["features"]}
    assert kinds == {"grid", "route", "fence", "home", "track", "alert", "sighting", "case"}


def test_the_public_is_told_the_grid_of_a_crowd_and_no_place_of_it() -> None:
    inner = sortie_collection(pages(), Audience.INTERNAL, {GRID: SQUARE})
    public = sortie_collection(pages(), Audience.PUBLIC, {GRID: SQUARE})
    assert _kind(inner, "alert")["geometry"]["coordinates"] == [116.73, 23.28]
    assert _kind(public, "alert")["geometry"]["coordinates"] == [116.05, 23.05]
    assert not [f for f in public["features"] if f["properties"]["kind"] == "sighting"]
    assert not {"owner_unit", "case_no"} & _kind(public, "case")["properties"].keys()
    # Where it hovered is where the crowd was; home is where the squad stands.
    kinds = {f["properties"]["kind"] for f in public["features"]}
    assert kinds == {"alert", "case"}
    assert "id" not in _kind(public, "alert")["properties"]


def test_fewer_than_three_people_are_told_as_such_to_the_public_only() -> None:
    public = sortie_collection(pages(2.0), Audience.PUBLIC, {GRID: SQUARE})
    assert _kind(public, "case")["properties"]["count_est"] == "<3"
    lines = rows_of(case_ledger_csv(pages(2.0).cases, Audience.PUBLIC))
    assert "<3" in lines[2]
    inner = rows_of(case_ledger_csv(pages(2.0).cases, Audience.INTERNAL))
    assert "2" in inner[2]


def test_a_count_that_is_not_valid_is_never_zero() -> None:
    case = replace(
        pages().cases[0], count=poisson_count(0.0, is_valid=False, reason="not observed")
    )
    for audience in Audience:
        line = rows_of(case_ledger_csv([case], audience))[2]
        assert "未计数" in line
        assert "0" not in line
    made = sortie_collection(replace(pages(), cases=(case,)), Audience.INTERNAL)
    assert _kind(made, "case")["properties"]["count_est"] is None


def test_the_tables_have_chinese_headings_and_as_many_cells() -> None:
    for content in (
        patrol_log_csv(book()),
        case_ledger_csv(book().cases, Audience.INTERNAL),
        coverage_csv(book()),
    ):
        mark, headings, *lines = rows_of(content)
        assert mark == ["演练 EXERCISE"]
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in name) for name in headings)
        assert lines
        assert {len(line) for line in lines} == {len(headings)}


def test_times_stand_in_utc_and_in_beijing_time() -> None:
    line = rows_of(patrol_log_csv(book()))[2]
    assert "2026-11-24T01:30:01.000Z" in line
    assert "2026-11-24T09:30:01+08:00" in line


def test_the_wind_of_a_flight_is_in_the_table_and_in_the_reports_as_it_was_told() -> None:
    def told(wind: WindSeen | None) -> tuple[list[str], dict[str, str], dict[str, str]]:
        windy = replace(pages(), record=replace(pages().record, wind=wind))
        day = replace(book(), sorties=(windy,))
        _, headings, line = rows_of(patrol_log_csv(day))
        cells = [line[headings.index(f"{name}风速（米/秒）")] for name in ("平均", "最大")]
        one = sortie_report(
            windy, outlines={GRID: OUTLINE}, language=Language.ZH, audience=Audience.INTERNAL,
            made_utc=MORNING,
        )  # fmt: skip
        whole = day_report(
            day, outlines={GRID: OUTLINE}, language=Language.EN, audience=Audience.INTERNAL,
            made_utc=MORNING,
        )  # fmt: skip
        assert "风速" in to_html(one)
        return cells, dict(one.facts), dict(whole.facts)

    cells, facts, day = told(WindSeen(mean_m_s=4.26, max_m_s=8.04, samples=90))
    assert cells == ["4.3", "8.0"]
    assert facts["风速（空中，飞控估算）"] == "平均 4.3 m/s, 最大 8.0 m/s"
    assert day["Wind aloft, by the autopilot"] == "at most 8.0 m/s (M-20261124-01-S01)"
    cells, facts, day = told(None)
    assert cells == ["", ""]  # unknown is not still air
    assert facts["风速（空中，飞控估算）"] == "飞控未提供"
    assert day["Wind aloft, by the autopilot"] == "not told by the autopilot"


def test_coverage_lists_first_what_was_not_visited_and_nothing_outside_the_scope() -> None:
    lines = rows_of(coverage_csv(book()))[2:]
    assert [line[0] for line in lines] == [OTHER_GRID, GRID]
    assert [line[2] for line in lines] == ["未巡查", "已巡查"]


def test_a_route_half_flown_is_a_visit_in_part_and_one_never_begun_is_none() -> None:
    half = replace(pages().record, waypoint_index=1, waypoint_total=2)
    grounded = replace(half, takeoff_utc=None)
    for record, wanted in ((half, Visit.PARTLY), (grounded, Visit.NOT_VISITED)):
        visit = visits_of((replace(pages(), record=record),), {GRID: "x"}, GRID)[0]
        assert visit.visit is wanted


def test_a_rest_is_a_visit_only_with_a_first_part_of_the_same_day() -> None:
    whole = replace(pages().record, waypoint_index=2, waypoint_total=2, continues="M-0-S01")
    assert whole.takeoff_utc is not None
    for days, wanted, share in ((0, Visit.VISITED, 1.0), (1, Visit.PARTLY, 0.99)):
        record = replace(whole, begun_utc=whole.takeoff_utc - timedelta(days=days))
        visit = visits_of((replace(pages(), record=record),), {GRID: "x"}, GRID)[0]
        assert (visit.visit, visit.flown_share) == (wanted, share)


def test_a_report_of_a_rest_says_inside_the_house_what_it_goes_on_with() -> None:
    rest = replace(pages(), record=replace(pages().record, continues="M-0-S01"))
    for audience, told in ((Audience.INTERNAL, "M-0-S01"), (Audience.PUBLIC, None)):
        report = sortie_report(
            rest, outlines={}, language=Language.ZH, audience=audience, made_utc=MORNING
        )
        assert dict(report.facts).get("接续架次") == told


@given(st.text(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert harmless(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("text", ["＝1+1", "  =1+1", "\u3000@SUM(A1)", "\n=1", "－2+3"])
def test_no_disguise_makes_a_cell_a_formula(text: str) -> None:
    assert harmless(text) == "'" + text


def test_the_public_picture_shows_the_grid_and_nothing_of_the_flight() -> None:
    for audience, wanted in ((Audience.INTERNAL, 1), (Audience.PUBLIC, 0)):
        figure = next(part for part in report(audience).parts if isinstance(part, Figure))
        assert figure.svg.count('stroke="#0b57a4" stroke-width="2"') >= wanted
        assert ("#0b57a4" in figure.svg) == bool(wanted)  # track, home
        assert "#eef3ee" in figure.svg  # the grid


def test_typed_words_and_numbers_of_records_stay_inside() -> None:
    typed = replace(an_announcement(), template_id="LIVE", text_zh="穿黄衣服的请离开")
    made = {
        audience: to_html(
            sortie_report(
                replace(pages(), announcements=(typed,)), outlines={}, language=Language.ZH,
                audience=audience, made_utc=MORNING,
            )
        )
        for audience in Audience
    }  # fmt: skip
    for words in ("穿黄衣服", "A-20261124-0001", "HJ20261124X001000012"):
        assert words in made[Audience.INTERNAL]
        assert words not in made[Audience.PUBLIC]


def test_html_and_pdf_say_the_same() -> None:
    made = report()
    body = pdf_body(made)
    page = to_html(made)
    told = [body["title"], body["note"], body["made"], *body["marks"]]
    told += [text for fact in body["facts"] for text in fact]
    for part in body["parts"]:
        told += [part["title"], *(cell for row in part.get("rows", []) for cell in row)]
    assert all(escape(text) in page for text in told)


def test_an_exercises_day_is_marked_though_nothing_flew_in_it() -> None:
    empty = replace(book(), sorties=(), cases=())
    assert rows_of(coverage_csv(empty))[0] == ["演练 EXERCISE"]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("audience", list(Audience))
def test_a_report_is_made_in_both_languages_and_for_both_audiences(
    language: Language, audience: Audience
) -> None:
    made = report(audience, language)
    page = to_html(made)
    assert word("map", language) in page
    assert "<svg" in page
    is_public = audience is Audience.PUBLIC
    assert ("Lin" not in page) == is_public  # who released the words
    assert "116.7" not in page  # a map shows where; a table of coordinates invites misuse
    assert (word("public", language).split("：")[0].split(":")[0] in page) == is_public


def test_every_state_of_an_announcement_has_its_word() -> None:
    for state in AnnouncementState:
        assert word(state.value, Language.ZH)


def test_what_a_person_wrote_cannot_become_markup() -> None:
    spoilt = replace(pages().record, abnormal=("<script>alert(1)</script>",))
    made = sortie_report(
        replace(pages(), record=spoilt), outlines={}, language=Language.EN,
        audience=Audience.INTERNAL, made_utc=MORNING,
    )  # fmt: skip
    assert "<script>" not in to_html(made)
    assert to_pdf(made).startswith(b"%PDF")  # nor does typst run it


def test_a_days_report_names_what_was_not_visited() -> None:
    made = day_report(
        book(), outlines={}, language=Language.EN, audience=Audience.INTERNAL, made_utc=MORNING
    )
    assert ("Grids not visited", "1") in made.facts
    table = next(p for p in made.parts if p.title == "Grids not visited (1)")
    assert isinstance(table, Table)
    assert table.rows == ((OTHER_GRID, "第五网格", "0%"),)
    assert to_pdf(made).startswith(b"%PDF")


def test_a_look_that_was_not_had_is_drawn_as_such() -> None:
    page = to_html(report())
    assert page.count(">×<") == 1  # of the two looks one was not observed


def test_a_sortie_without_any_place_still_has_a_report() -> None:
    bare = replace(pages(), plan=None, track=(), alerts=(), announcements=(), effects=())
    made = sortie_report(
        bare, outlines={}, language=Language.EN, audience=Audience.INTERNAL, made_utc=MORNING
    )
    assert "no places were recorded" in to_html(made)


def test_a_row_that_does_not_fit_its_headings_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table(title="x", headers=("a", "b"), rows=(("1",),))


def test_only_the_sorties_own_frames_are_cut_out_of_the_link_log(tmp_path: Path) -> None:
    def record(at_s: float, mark: int) -> bytes:
        frame = bytes([0xFD, 3, 0, 0, mark, 1, 1, 0, 0, 0]) + b"abc" + b"\x00\x00"
        return struct.pack(">Q", int((MORNING.timestamp() + at_s) * 1e6)) + frame

    log = tmp_path / "GP-1-20261124T013000000Z.tlog"
    log.write_bytes(record(-5, 1) + record(5, 2) + record(8, 3) + record(99, 4)[:12])
    (tmp_path / "GP-11-20261124T013000000Z.tlog").write_bytes(record(6, 9))
    cut = sortie_tlog(tmp_path, "GP-1", MORNING, MORNING + timedelta(seconds=60))
    assert cut == record(5, 2) + record(8, 3)
    assert sortie_tlog(tmp_path, "GP-2", MORNING, later(60)) == b""


def _kind(made: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in made["features"] if f["properties"]["kind"] == kind)
    return found


def test_places_outside_every_grid_are_a_feature_without_geometry_for_the_public() -> None:
    made = sortie_collection(pages(), Audience.PUBLIC, {})
    assert _kind(made, "alert")["geometry"] is None


def test_a_point_is_told_to_the_metre_and_no_finer() -> None:
    fine = replace(an_alert(), place=GeoPoint(lat_deg=23.280001234, lon_deg=116.730004321))
    made = sortie_collection(replace(pages(), alerts=(fine,)), Audience.INTERNAL)
    assert _kind(made, "alert")["geometry"]["coordinates"] == [116.73, 23.28]


def test_a_crowd_next_door_is_the_neighbours() -> None:
    there = "440512002001001"
    both = replace(
        pages(),
        alerts=(an_alert(), replace(an_alert(), alert_id="A-2", grid_code=there)),
        sightings=(a_sighting(), replace(a_sighting(), grid_code=None)),
    )
    ours = within(both, (GRID[:9],))
    assert [one.alert_id for one in ours.alerts] == ["A-20261124-0001"]
    assert len(ours.sightings) == 1
    assert within(both, (there,)).cases == ()
    assert within(both, ("",)) is both
