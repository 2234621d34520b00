"""Draws a day: each aircraft's routes in its colour and order, and the grids that nobody flies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape

from missions.airspace import AirspaceZone
from missions.allocation import Allocation, Flight, Uncovered
from missions.codes import GridLevel
from missions.fleet import Aircraft
from missions.grid import Grid
from missions.map_legend import HATCH, Row, finding_rows, finding_table, legend, sign_rows
from missions.map_sheet import (
    AMBER,
    GREY,
    HEAD_PX,
    MARGIN_PX,
    RED,
    WIDTH_PX,
    Drawing,
    Frame,
    Room,
    frame_around,
    page,
    path_of,
    scale_mark,
    sheet,
    text,
    width_px,
)
from missions.plan_map import ZONE_COLOUR, zone_names, zone_shapes
from missions.polygons import polygons_in
from missions.route_marks import COLOURS, home_mark, rally_mark, route_marks
from patrol.pattern import Pattern
from patrol.plan import Finding, Level

_MAP_MAX_PX = 1200.0
_LISTED, _LISTED_PLACES = 6, 120  # reasons and communities below the picture; the page has all
_FEW = 40  # so many sorties are each drawn with a launch point
_LINES_PX = {GridLevel.DISTRICT: 2.4, GridLevel.STREET: 1.6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is drawn."""

    made: Allocation
    grids: Sequence[Grid]  # that were asked for
    areas: Sequence[Grid]  # whose outlines show where one is
    fleet: Sequence[Aircraft]
    begins: datetime  # local
    zones: Sequence[AirspaceZone] = field(default=())
    findings: Sequence[Finding] = ()  # about the fleet's file
    is_exercise: bool = False


def day_drawing(day: Day) -> Drawing:
    """The map with its legend, and a page with every sortie and everything that is not covered."""
    frame = frame_around([grid.shape for grid in day.grids], _MAP_MAX_PX)
    colours = _colours(day)
    room = Room()
    drawn = "".join(
        [
            *_title(day),
            f'<clipPath id="map"><rect x="0" y="{HEAD_PX:.0f}" width="{WIDTH_PX:.0f}" '
            f'height="{frame.height_px:.1f}"/></clipPath><g clip-path="url(#map)">',
            *_ground(frame, day, colours),
            *zone_shapes(frame, day.zones),
            *_routes(frame, day, colours),
            *_numbers(frame, day, colours, room),
            *_bases(frame, day, colours, room),
            *zone_names(frame, day.zones, room),
            "</g>",
            scale_mark(frame),
        ]
    )
    below, height_px = legend(
        list(_rows(day, colours)), HEAD_PX + frame.height_px + 20.0
    )  # fmt: skip
    svg = sheet(HATCH + drawn + below, height_px)
    return Drawing(svg=svg, html=page("今日巡查 the day's patrols", svg, _table(day)))


def _colours(day: Day) -> dict[str, str]:
    """By aircraft, in the order of the fleet's file."""
    names = [one.name for one in day.fleet]
    names += [name for name in day.made.rounds() if name not in names]
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def _title(day: Day) -> Iterator[str]:
    flights, uncovered = len(day.made.flights), len(day.made.uncovered)
    said = (
        f"今日巡查 the day's patrols · {day.begins:%Y-%m-%d} · {flights} 架次 sorties · "
        f"{len(day.made.rounds())} 架飞行器 aircraft · 未覆盖 not covered {uncovered}"
    )
    yield text(MARGIN_PX, 28, said, size=18)
    if day.is_exercise:
        yield text(MARGIN_PX, 50, "演练 EXERCISE", size=13, fill=RED)


def _ground(frame: Frame, day: Day, colours: dict[str, str]) -> Iterator[str]:
    """Grids in the colour of whoever flies them; hatched where nobody does."""
    by_grid = {flight.job.grid.code: flight.aircraft for flight in day.made.flights}
    missed = {one.job.grid.code for one in day.made.uncovered}
    for grid in day.grids:
        flown_by = by_grid.get(grid.code)
        fill, opacity = "#f9fafb", 1.0
        if grid.code in missed:
            fill = "url(#hatch)"
        elif flown_by is not None:
            fill, opacity = colours[flown_by], 0.14
        yield (
            f'<path d="{path_of(frame, polygons_in(grid.shape))}" fill="{fill}" '
            f'fill-opacity="{opacity}" stroke="#9ca3af" stroke-width=".7" fill-rule="evenodd">'
            f"<title>{escape(f'{grid.code} {grid.name_spoken}')}</title></path>"
        )
    for area in day.areas:
        if area.level in _LINES_PX:
            yield (
                f'<path d="{path_of(frame, polygons_in(area.shape))}" fill="none" '
                f'stroke="#374151" stroke-width="{_LINES_PX[area.level]}"/>'
            )


def _routes(frame: Frame, day: Day, colours: dict[str, str]) -> Iterator[str]:
    """Lines of every sortie; of few sorties also where each takes off."""
    flights = day.made.flights
    for flight in flights:
        wide_px = 2.0 if len(flights) <= _FEW else 1.1
        yield from route_marks(frame, flight.plan, colours[flight.aircraft], wide_px)
    for flight in flights if len(flights) <= _FEW else ():
        yield home_mark(frame, flight.plan.home, colours[flight.aircraft], 6.0)
        for rally in flight.plan.rally_points:
            yield rally_mark(frame, rally.point)


def _numbers(
    frame: Frame, day: Day, colours: dict[str, str], room: Room
) -> Iterator[str]:  # fmt: skip
    """The order in which an aircraft flies, in the middle of each grid."""
    said: dict[tuple[str, str], list[str]] = {}
    places: dict[str, Grid] = {}
    for flight in day.made.flights:
        key = flight.job.grid.code, flight.aircraft
        said.setdefault(key, []).append(str(flight.number))
        places[flight.job.grid.code] = flight.job.grid
    shifts: dict[str, int] = {}
    for (code, aircraft), numbers in said.items():
        inside = places[code].shape.representative_point()
        x, y = frame.at(inside.x, inside.y)
        y += 13.0 * shifts.get(code, 0)
        shifts[code] = shifts.get(code, 0) + 1
        words = "·".join(numbers) if len(numbers) < 4 else f"{numbers[0]}–{numbers[-1]}"
        if room.take(x, y, width_px(words, 12), 12):
            yield text(
                x, y + 4, words, size=12, fill=colours[aircraft], anchor="middle", is_haloed=True
            )


def _bases(frame: Frame, day: Day, colours: dict[str, str], room: Room) -> Iterator[str]:
    """Where the aircraft wait, by name."""
    flown = day.made.rounds()
    for aircraft in day.fleet:
        if aircraft.name not in flown:
            continue
        x, y = frame.at(aircraft.place.lon_deg, aircraft.place.lat_deg)
        if not frame.has(x, y):
            continue
        yield home_mark(frame, aircraft.place, colours[aircraft.name], 10.0)
        wide_px = width_px(aircraft.name, 13)
        for down_px in (-18.0, 22.0, 36.0, -32.0, 50.0, -46.0):
            if room.take(x, y + down_px, wide_px + 4, 14):
                yield text(
                    x, y + down_px + 4, aircraft.name, size=13, fill=colours[aircraft.name],
                    anchor="middle", is_haloed=True,
                )  # fmt: skip
                break


def _rows(day: Day, colours: dict[str, str]) -> Iterator[Row]:
    """Each aircraft's day, the whole day, the signs, what is not covered, what was found."""
    for name, flights in day.made.rounds().items():
        yield Row(
            said=f"{name}：{_round_words(flights, day.begins)}", colour=colours[name], size=14
        )
    made, covered = day.made, _covered(day)
    if made.flights:
        yield Row(
            said=f"最晚降落 last landing {clock_of_day(day.begins, made.last_landing_s)} "
            f"（{made.last_landing_s / 60:.0f} min，下界 lower bound {made.bound_s / 60:.0f}） · "
            f"最长架次 longest sortie {made.longest_sortie_s / 60:.1f} min · "
            f"覆盖网格 grids covered {covered}/{len(day.grids)}"
            f"（{100 * covered / len(day.grids):.0f}%）",
            size=14,
        )
    yield Row(
        said="数字：架次先后 number: the order of an aircraft's sorties · "
        "斜线：今日未覆盖 hatched: not covered today"
    )
    yield from sign_rows()[:2]
    if day.zones:
        yield Row(said="空域限制 airspace zone", colour=ZONE_COLOUR, dash="2 2")
    yield from _uncovered_rows(made.uncovered)
    yield from finding_rows([*day.findings, *made.findings])


def _covered(day: Day) -> int:
    """Grids that something is flown of, and of which nothing is left out."""
    missed = {one.job.grid.code for one in day.made.uncovered}
    asked = {grid.code for grid in day.grids}
    return len({flight.job.grid.code for flight in day.made.flights} & asked - missed)


def _round_words(flights: Sequence[Flight], begins: datetime) -> str:
    length_km = sum(flight.plan.length_m for flight in flights) / 1000.0
    most_pct = max(flight.plan.battery_need_pct for flight in flights)
    air_min = sum(flight.end_s - flight.begin_s for flight in flights) / 60.0
    return (
        f"{len(flights)} 架次 sorties · {length_km:.1f} km · 飞行 in the air {air_min:.0f} min · "
        f"{clock_of_day(begins, flights[0].begin_s)}–{clock_of_day(begins, flights[-1].end_s)} · "
        f"单架次电量最高 most of a battery {most_pct:.0f} %"
    )


def _uncovered_rows(uncovered: Sequence[Uncovered]) -> Iterator[Row]:
    """How many and why; then every one by its name, under the community that it lies in."""
    if not uncovered:
        yield Row(said="今日全部覆盖 nothing is left out today")
        return
    yield Row(said=f"今日未覆盖 not covered today: {len(uncovered)}", fill=AMBER, size=14)
    reasons = Counter(
        (reason.text_zh.removeprefix(one.job.title), reason.text.removeprefix(one.job.title))
        for one in uncovered for reason in one.reasons if reason.level is not Level.NOTE
    )  # fmt: skip
    for (text_zh, text_en), count in reasons.most_common(_LISTED):
        yield Row(said=f"{count} ×  {text_zh.lstrip('：')}", fill=AMBER)
        yield Row(said=text_en.lstrip(": "), fill=GREY, size=11)
    places: dict[str, list[str]] = {}
    for one in uncovered:
        name, own = one.job.title, one.job.grid.name_zh
        above = name.removesuffix(own) if name.endswith(own) else ""
        pattern = "" if one.job.pattern is Pattern.BOUNDARY else f" {one.job.pattern.value}"
        places.setdefault(above, []).append((own if above else name) + pattern)
    listed = [f"{above}：{'、'.join(names)}" for above, names in places.items()]
    more = len(listed) - _LISTED_PLACES
    yield Row(
        said="；".join(listed[:_LISTED_PLACES])
        + (f"；另有{more}处 {more} more" if more > 0 else "")
    )


def _table(day: Day) -> str:
    """For the page: every sortie, then everything that is not covered with its reasons."""
    head = (
        "飞行器 aircraft",
        "架次 sortie",
        "起降 from–to",
        "网格 grid",
        "长度 length",
        "电量 battery",
    )
    rows = "".join(
        f"<tr><td>{escape(f.aircraft)}</td><td>{f.number}</td>"
        f"<td>{clock_of_day(day.begins, f.begin_s)}–{clock_of_day(day.begins, f.end_s)}</td>"
        f"<td>{escape(f.job.title)} {escape(f.job.code)}</td>"
        f"<td>{f.plan.length_m / 1000:.2f} km</td><td>{f.plan.battery_need_pct:.0f} %</td></tr>"
        for f in day.made.flights
    )
    missed = "".join(
        f"<tr class=warn><td>未覆盖 not covered</td><td colspan=5>{escape(one.job.title)} "
        f"{escape(one.job.code)}</td></tr>{finding_table(one.reasons)}"
        for one in day.made.uncovered
    )
    titles = "".join(f"<td>{name}</td>" for name in head)
    return f"<tr>{titles}</tr>{rows}{missed}{finding_table([*day.findings, *day.made.findings])}"


def clock_of_day(begins: datetime, after_s: float) -> str:
    """Local time of day; with the day's number from the second on."""
    at = begins + timedelta(seconds=after_s)
    days = (at.date() - begins.date()).days
    return f"{at:%H:%M}" + (f" +{days}d" if days else "")
