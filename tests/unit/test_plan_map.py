"""The map of a plan and of a day: what is drawn, what is said below it, and that it stays whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from ground_station.commands.map_file import draw, require_picture
from missions.allocation import allocate
from missions.allocation_model import Terms
from missions.coverage import seen_share_pct
from missions.day_map import Day, day_drawing
from missions.fleet import Aircraft
from missions.jobs import Setting, jobs_of
from missions.map_sheet import WIDTH_PX, Drawing, Room, frame_around, width_px, wrapped
from missions.open_air import Surroundings
from missions.plan_map import patrol_drawing
from missions.planner import Patrol, Sortie, plan_patrol
from missions.register import load_register
from missions.request import PlanRequest, Task, centre_of
from patrol.clock import SHANGHAI
from patrol.errors import ConfigError
from patrol.geo import offset
from patrol.pattern import Pattern
from patrol.plan import Finding, Level, RallyPoint, WayHome
from tests.unit.test_airspace import a_zone, an_airspace
from tests.unit.test_boundary import CENTRE, LENS, a_grid, a_request, a_shape, square
from tests.unit.test_plan_words import NOW

GRID = a_grid(a_shape(square(300.0)))
SVG = "{http://www.w3.org/2000/svg}"


def asked(pattern: Pattern = Pattern.SWEEP, **changes: object) -> PlanRequest:
    return replace(a_request(GRID), task=Task(pattern=pattern), **changes)  # type: ignore[arg-type]


def drawn(request: PlanRequest, patrol: Patrol | None = None) -> Drawing:
    return patrol_drawing(patrol or plan_patrol(request), request)


def words(drawing: Drawing) -> str:
    root = ElementTree.fromstring(drawing.svg)  # noqa: S314  # of our own making
    return "\n".join(one.text or "" for one in root.iter(f"{SVG}text"))


def elements(drawing: Drawing, name: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(drawing.svg)  # noqa: S314  # of our own making
    return [one.attrib for one in root.iter(f"{SVG}{name}")]


def test_the_legend_tells_length_time_battery_coverage_and_every_finding_in_both_languages() -> (
    None
):
    request = asked()
    patrol = plan_patrol(request)
    plan = patrol.sorties[0].plan
    said = words(drawn(request, patrol))
    assert f"航程 length {plan.length_m / 1000:.2f} km" in said
    assert f"时长 time {plan.duration_s / 60:.1f} min" in said
    assert f"电量 battery {plan.battery_need_pct:.0f} %" in said
    share = seen_share_pct([plan], GRID, LENS)
    assert f"覆盖网格的{share:.0f}%" in said
    flat = said.replace("\n", "").replace(" ", "")
    for finding in patrol.all_findings:
        assert finding.text_zh.replace(" ", "") in flat
        assert finding.text.replace(" ", "") in flat


def test_a_sweep_shows_as_much_on_the_map_as_its_finding_says() -> None:
    request = asked()
    patrol = plan_patrol(request)
    (told,) = (one.text for one in patrol.findings if one.code == "coverage.share")
    share = seen_share_pct([one.plan for one in patrol.sorties], GRID, LENS)
    assert f"{share:.0f} %" in told


def test_a_camera_that_nobody_can_be_counted_by_shows_nothing() -> None:
    plan = plan_patrol(asked(Pattern.BOUNDARY)).sorties[0].plan
    assert 20.0 < seen_share_pct([plan], GRID, LENS) <= 100.0
    blind = replace(LENS, width_px=64, height_px=36)
    assert seen_share_pct([plan], GRID, blind) == 0.0


def test_legs_on_which_nobody_is_counted_are_dashed_and_the_way_home_is_dotted() -> None:
    request = asked(Pattern.BOUNDARY)
    sortie = plan_patrol(request).sorties[0]
    some = tuple(replace(one, is_transit=i == 2) for i, one in enumerate(sortie.plan.waypoints))
    patrol = Patrol(sorties=(replace(sortie, plan=replace(sortie.plan, waypoints=some)),))
    lines = elements(drawn(request, patrol), "polyline")
    dashes = [one.get("stroke-dasharray") for one in lines]
    assert dashes == ["10 3 2 3", None, "7 5", None, "1.5 5"]
    assert len(elements(drawn(request, patrol), "polygon")) >= 3  # arrows


def test_along_the_route_is_drawn_as_the_way_home_where_it_is() -> None:
    request = asked(Pattern.BOUNDARY)
    sortie = plan_patrol(request).sorties[0]
    back = replace(sortie.plan, way_home=WayHome.ROUTE)
    patrol = Patrol(sorties=(replace(sortie, plan=back),))
    home = elements(drawn(request, patrol), "polyline")[-1]
    assert len(home["points"].split()) > 2


def test_zones_rally_points_and_forbidden_legs_are_marked_and_explained() -> None:
    request = asked(Pattern.BOUNDARY)
    sortie = plan_patrol(request).sorties[0]
    rally = RallyPoint(point=offset(CENTRE, east_m=20.0, north_m=0.0))
    stop = Finding(code="x.y", level=Level.STOP, text="no", text_zh="不得", leg=2)
    patrol = Patrol(
        sorties=(
            Sortie(plan=replace(sortie.plan, rally_points=(rally,)), findings=(stop,)),
        )
    )  # fmt: skip
    plain = words(drawn(request, patrol))
    assert "备降点 rally point" in plain
    assert "红圈" in plain
    assert "空域限制" not in plain
    zoned = replace(request, around=Surroundings(airspace=an_airspace(a_zone())))
    said = words(drawn(zoned, patrol))
    assert "变电站（管制空域）" in said
    assert "空域限制 airspace zone" in said


def test_a_patrol_without_a_sortie_is_drawn_with_the_reasons() -> None:
    request = asked(Pattern.CORRIDOR)
    patrol = plan_patrol(request)
    assert not patrol.sorties
    assert "走廊巡查需要一条线" in words(drawn(request, patrol))


@pytest.mark.parametrize("pattern", list(Pattern))
def test_a_page_fetches_nothing_and_runs_nothing(pattern: Pattern) -> None:
    page = drawn(asked(pattern)).html
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(script|link|img|iframe|use|image)|url\((?!#)|@import", page)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200), st.integers(80, 600))
def test_words_are_broken_into_lines_and_none_is_lost(said: str, room_px: int) -> None:
    lines = list(wrapped(said, 13.0, room_px))
    assert "".join("".join(lines).split()) == "".join(said.split())


def test_a_line_is_no_longer_than_its_room_and_begins_with_no_stop() -> None:
    said = "飞往第三航点的航段，离开网格；" * 20 + "the leg to waypoint 3 leaves the grid " * 20
    lines = list(wrapped(said, 13.0, 300.0))
    assert len(lines) > 10
    assert all(width_px(line, 13.0) <= 300.0 + 13.0 for line in lines)
    assert not any(line[0] in "，；" for line in lines)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(0, 300), st.floats(1, 80)), max_size=20)
)  # fmt: skip
def test_no_two_names_are_written_over_each_other(
    asked_for: Sequence[tuple[float, float, float]],
) -> None:
    room = Room()
    kept = [(x, y, wide) for x, y, wide in asked_for if room.take(x, y, wide, 12.0)]
    for i, (x, y, wide) in enumerate(kept):
        for other_x, other_y, other_wide in kept[i + 1 :]:
            apart_x, apart_y = abs(x - other_x), abs(y - other_y)
            assert apart_x >= (wide + other_wide) / 2 - 1e-9 or apart_y >= 12.0 - 1e-9


def test_the_first_waypoint_of_each_sortie_is_told_and_where_it_holds_how_long() -> None:
    large = a_grid(a_shape(square(700.0)))
    request = replace(a_request(large), task=Task(pattern=Pattern.SWEEP))
    patrol = plan_patrol(request)
    assert len(patrol.sorties) > 1
    said = words(patrol_drawing(patrol, request)).splitlines()
    assert {f"S{one.plan.sortie_number}·1" for one in patrol.sorties} <= set(said)
    assert "1 (30 s)" in words(drawn(asked(Pattern.POINTS)))


def test_what_is_high_and_narrow_stands_in_the_middle() -> None:
    frame = frame_around([Polygon([(116.0, 23.0), (116.01, 23.0), (116.01, 23.2), (116.0, 23.2)])])
    left, right = frame.at(116.0, 23.1)[0], frame.at(116.01, 23.1)[0]
    assert left + right == pytest.approx(WIDTH_PX)


def a_day(day_s: float | None) -> Day:
    register = load_register()
    grids = register.grids[:6]
    fleet = [
        Aircraft(name=f"GP-{i + 1}", place=centre_of(grids[i]),
                 endurance_s=1500.0, lens=LENS, drive_m_s=8.0)
        for i in range(2)
    ]  # fmt: skip
    made = allocate(
        fleet, jobs_of(grids, ()),
        Setting(register_version=register.version, created_utc=NOW, is_exercise=True),
        Terms(day_s=day_s, search_s=0.05),
    )  # fmt: skip
    return Day(
        made=made, grids=grids, areas=list(register.areas.values()), fleet=fleet,
        begins=datetime(2026, 11, 26, 8, 0, tzinfo=SHANGHAI), is_exercise=True,
    )  # fmt: skip


def test_a_day_lists_each_aircraft_and_hatches_and_names_what_nobody_flies() -> None:
    day = a_day(1500.0)
    assert day.made.uncovered
    assert day.made.flights
    drawing = day_drawing(day)
    said = words(drawing)
    for name, flights in day.made.rounds().items():
        assert f"{name}：{len(flights)} 架次 sorties" in said
    hatched = [one for one in elements(drawing, "path") if one.get("fill") == "url(#hatch)"]
    missed = {one.job.grid.code for one in day.made.uncovered}
    assert len(hatched) == len(missed)
    assert f"今日未覆盖 not covered today: {len(day.made.uncovered)}" in said
    flat = said.replace("\n", "")
    for one in day.made.uncovered:
        assert one.job.grid.name_zh in flat
        assert one.job.code in drawing.html
    for number in {str(flight.number) for flight in day.made.flights}:
        assert f"\n{number}\n" in said


def test_a_day_that_covers_all_says_so() -> None:
    day = a_day(None)
    said = words(day_drawing(day))
    assert not day.made.uncovered
    assert "今日全部覆盖" in said
    assert f"grids covered {len(day.grids)}/{len(day.grids)}（100%）" in said


@pytest.mark.parametrize(("name", "head"), [("a.png", b"\x89PNG"), ("a.html", b"<!doctype html>")])
def test_a_map_is_written_as_its_name_ends(tmp_path: Path, name: str, head: bytes) -> None:
    draw(tmp_path / name, drawn(asked(Pattern.BOUNDARY)))
    assert (tmp_path / name).read_bytes().startswith(head)


def test_another_ending_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--map writes .png, .html, .svg"):
        require_picture(tmp_path / "a.jpg")
    with pytest.raises(ConfigError, match="map cannot be written"):
        draw(tmp_path / "away" / "a.svg", Drawing(svg="", html=""))


def test_arrows_point_the_way_that_is_flown() -> None:
    request = asked(Pattern.BOUNDARY)
    patrol = plan_patrol(request)
    drawing = drawn(request, patrol)
    line = next(one for one in elements(drawing, "polyline") if not one.get("stroke-dasharray"))
    places = [tuple(map(float, place.split(","))) for place in line["points"].split()]
    for arrow in elements(drawing, "polygon"):
        tip, left, right = (tuple(map(float, p.split(","))) for p in arrow["points"].split())
        east = tip[0] - (left[0] + right[0]) / 2
        south = tip[1] - (left[1] + right[1]) / 2
        assert any(
            (b[0] - a[0]) * east + (b[1] - a[1]) * south
            > 0.99 * ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 * (east**2 + south**2) ** 0.5
            for a, b in pairwise(places)
        )
