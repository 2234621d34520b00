"""Draws a plan on a map: its route with direction, its fence, where it starts and may land."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from missions.map_sheet import Frame, Room, text, width_px
from patrol.geo import GeoPoint
from patrol.plan import MissionPlan
from patrol.way_home import way_back

# Far apart for everybody, also without red and green; each is dark enough on white.
COLOURS = (
    "#1f5fd0", "#c2410c", "#0f766e", "#9333ea", "#a16207", "#be185d", "#4d7c0f", "#0369a1",
    "#7c2d12", "#4338ca", "#047857", "#86198f",
)  # fmt: skip
FENCE_COLOUR = "#b3261e"
TRANSIT_DASH = "7 5"
_ARROW_EVERY_PX, _ARROW_WIDTHS = 60.0, 3.0
_NUMBERS_MAX = 60

Place = tuple[float, float]


def places_of(frame: Frame, points: Sequence[GeoPoint]) -> list[Place]:
    """Pixels."""
    return [frame.at(point.lon_deg, point.lat_deg) for point in points]


def route_marks(frame: Frame, plan: MissionPlan, colour: str, wide_px: float) -> Iterator[str]:
    """The way out and every leg, dashed where nobody is counted, and the way home dotted."""
    places = places_of(frame, [plan.home, *(one.point for one in plan.waypoints)])
    counted = [not one.is_transit for one in plan.waypoints]
    for is_counted, part in _runs(places, counted):
        dash = "" if is_counted else f' stroke-dasharray="{TRANSIT_DASH}"'
        yield _line(part, colour, wide_px, dash)
    last = plan.waypoints[-1].point
    home = places_of(frame, [last, *way_back(last, plan)])
    yield _line(home, colour, wide_px * 0.7, ' stroke-dasharray="1.5 5"')
    yield from _arrows(places, colour, wide_px)


def fence_mark(frame: Frame, plan: MissionPlan) -> str:
    """Its outline."""
    corners = places_of(frame, [*plan.fence, plan.fence[0]])
    return _line(corners, FENCE_COLOUR, 1.4, ' stroke-dasharray="10 3 2 3"')


def home_mark(frame: Frame, point: GeoPoint, colour: str, size_px: float = 9.0) -> str:
    """A triangle."""
    x, y = frame.at(point.lon_deg, point.lat_deg)
    return (
        f'<path d="M{x:.1f},{y - size_px:.1f} L{x + size_px:.1f},{y + size_px * 0.7:.1f} '
        f'L{x - size_px:.1f},{y + size_px * 0.7:.1f}Z" fill="{colour}" stroke="#ffffff" '
        'stroke-width="1.5"/>'
    )


def rally_mark(frame: Frame, point: GeoPoint) -> str:
    """A square."""
    x, y = frame.at(point.lon_deg, point.lat_deg)
    return (
        f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="#ffffff" '
        f'stroke="#0f766e" stroke-width="3"/>'
    )


def waypoint_marks(
    frame: Frame, plan: MissionPlan, colour: str, room: Room, legs_with_findings: Sequence[int]
) -> Iterator[str]:
    """A dot for each, its number and hold where there is room, a ring where its leg is forbidden.

    Of a patrol of several sorties the first has the sortie's number, too.
    """
    places = places_of(frame, [one.point for one in plan.waypoints])
    marked, last = set(legs_with_findings), len(places) - 1
    is_crowded = len(places) > _NUMBERS_MAX
    for number in marked:
        room.take(*places[number], 17.0, 17.0)
    for number, (x, y) in enumerate(places):
        radius_px = 1.8 if is_crowded else 3.0
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius_px}" fill="{colour}"/>'
        if number in marked:
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="{FENCE_COLOUR}" '
                'stroke-width="2"/>'
            )
        is_wanted = number in marked or number in (0, last)
        if not is_wanted and is_crowded and number % 10:
            continue
        said, (east, south) = _label(plan, number), _aside(places, number)
        wide_px, near_px = width_px(said, 12), 10.0 if number in marked else 6.0
        turns = ((east, south), (-south, east), (south, -east), (-east, -south))
        tries = [(gap_px, *turn) for gap_px in (near_px, near_px + 16.0) for turn in turns]
        for gap_px, right, down in tries if is_wanted else tries[:1]:
            away_px = gap_px + wide_px / 2.0 * abs(right) + 6.0 * abs(down)
            at_x, at_y = x + away_px * right, y + away_px * down
            if room.take(at_x, at_y, wide_px + 2, 13):
                yield text(
                    at_x, at_y + 4, said, size=12, fill=colour, anchor="middle", is_haloed=True
                )
                break


def _label(plan: MissionPlan, number: int) -> str:
    sortie = f"S{plan.sortie_number}·" if plan.sortie_count > 1 and not number else ""
    hold_s = plan.waypoints[number].hold_s
    return f"{sortie}{number + 1}" + (f" ({hold_s:.0f} s)" if hold_s > 0.0 else "")


def _aside(places: Sequence[Place], number: int) -> Place:
    """The direction away from both legs that meet at a place."""
    east = south = 0.0
    here = places[number]
    for other in (*places[max(0, number - 1) : number], *places[number + 1 : number + 2]):
        away_px = math.dist(here, other) or 1.0
        east += (here[0] - other[0]) / away_px
        south += (here[1] - other[1]) / away_px
    long = math.hypot(east, south)
    return (east / long, south / long) if long > 0.2 else (0.7, -0.7)


def _runs(places: Sequence[Place], counted: Sequence[bool]) -> Iterator[tuple[bool, list[Place]]]:
    """Legs of one kind that follow each other, as one line."""
    part, kind = [places[0]], counted[0]
    for place, is_counted in zip(places[1:], counted, strict=True):
        if is_counted is not kind:
            yield kind, part
            part, kind = [part[-1]], is_counted
        part.append(place)
    yield kind, part


def _line(places: Sequence[Place], colour: str, wide_px: float, dash: str) -> str:
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="{wide_px:.1f}" '
        f'stroke-linejoin="round"{dash}/>'
    )


def _arrows(places: Sequence[Place], colour: str, wide_px: float) -> Iterator[str]:
    """In the middle of legs, as often as they can be told apart."""
    since_px, size_px = _ARROW_EVERY_PX, _ARROW_WIDTHS * wide_px
    for start, end in zip(places, places[1:], strict=False):
        long_px = math.dist(start, end)
        since_px += long_px
        if long_px < 3.0 * size_px or since_px < _ARROW_EVERY_PX:
            continue
        since_px = 0.0
        east, south = (end[0] - start[0]) / long_px, (end[1] - start[1]) / long_px
        x, y = (start[0] + end[0]) / 2.0, (start[1] + end[1]) / 2.0
        tip = (x + east * size_px, y + south * size_px)
        sides = [
            (x - east * size_px / 2 + turn * south * size_px * 0.7,
             y - south * size_px / 2 - turn * east * size_px * 0.7)
            for turn in (1.0, -1.0)
        ]  # fmt: skip
        listed = " ".join(f"{px:.1f},{py:.1f}" for px, py in (tip, *sides))
        yield f'<polygon points="{listed}" fill="{colour}"/>'
