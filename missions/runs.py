"""The stops of each pattern, area by area: a run is flown without leaving its area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from missions.areas import Area
from missions.free_path import FreePath
from missions.request import PlanRequest
from missions.stops import Position, Stop
from missions.sweep import sweep

_SIMPLIFY_M = 1.0
_SHORTEST_PIECE_M = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Stops in one area; a sortie flies all of it or a part."""

    outline: Polygon
    stops: tuple[Stop, ...]


def sweep_run(request: PlanRequest, area: Area, spacing_m: float, start: Position) -> list[Run]:
    """To and fro over all rooms of the area, beginning near `start`."""
    pieces = [
        ([stroke.start, stroke.end], stroke.begins_cell)
        for stroke in sweep(area.rooms, spacing_m, start)
    ]
    return _linked(request, area, pieces)


def corridor_run(request: PlanRequest, area: Area, lines: Sequence[LineString]) -> list[Run]:
    """Along each line inside the area's rooms, to and fro."""
    pieces = []
    for number, line in enumerate(lines):
        inside = _pieces(line.simplify(_SIMPLIFY_M), area.inside)
        chains = [list(piece.coords) for piece in inside]
        if number % 2:
            chains = [chain[::-1] for chain in reversed(chains)]
        pieces += [([(float(x), float(y)) for x, y in chain], True) for chain in chains]
    return _linked(request, area, pieces)


def places_run(
    request: PlanRequest, area: Area, stops: Sequence[Stop], path: FreePath
) -> list[Run]:
    """From stop to stop, around what lies between."""
    chain: list[Stop] = []
    for stop in stops:
        chain += _way_to(request, chain, stop.position, path) if chain else []
        chain.append(stop)
    return [Run(outline=area.outline, stops=tuple(chain))] if chain else []


def _linked(
    request: PlanRequest, area: Area, pieces: Sequence[tuple[list[Position], bool]]
) -> list[Run]:
    """The pieces in their order, with the ways between them."""
    path = FreePath(area.passage)
    chain: list[Stop] = []
    for corners, is_apart in pieces:
        way = _way_to(request, chain, corners[0], path) if chain else []
        is_transit = is_apart or bool(way) or not chain
        chain += [*way, _stop(request, corners[0], is_transit=is_transit)]
        chain += [_stop(request, corner, is_transit=False) for corner in corners[1:]]
    return [Run(outline=area.outline, stops=tuple(chain))] if chain else []


def _way_to(
    request: PlanRequest, chain: Sequence[Stop], place: Position, path: FreePath
) -> list[Stop]:
    """The corners of the way from the last stop; a leg that cannot be open is left to the checks.

    All places of an area lie in one passage, so that there is a way but for its rounding.
    """
    way = path.way(chain[-1].position, place) or []
    return [_stop(request, corner, is_transit=True) for corner in way]


def _stop(request: PlanRequest, place: Position, *, is_transit: bool) -> Stop:
    return Stop(
        position=place,
        speed_m_s=request.speed_m_s,
        gimbal_pitch_deg=request.gimbal_pitch_deg,
        is_transit=is_transit,
    )


def _pieces(line: BaseGeometry, inside: BaseGeometry) -> list[LineString]:
    """The parts of a line in an area, in its direction."""
    cut = [
        piece for piece in shapely.get_parts(line.intersection(inside))
        if isinstance(piece, LineString) and piece.length >= _SHORTEST_PIECE_M
    ]  # fmt: skip
    turned = [
        piece
        if line.project(shapely.get_point(piece, 0)) <= line.project(shapely.get_point(piece, -1))
        else piece.reverse()
        for piece in cut
    ]
    return sorted(turned, key=lambda piece: line.project(shapely.get_point(piece, 0)))


def corridor_lines(line: LineString, width_m: float, spacing_m: float) -> list[LineString]:
    """Lanes along a line that show a corridor of that width; of width 0 the line itself."""
    count = max(1, math.ceil(width_m / spacing_m)) if math.isfinite(spacing_m) else 1
    if count == 1:
        return [line]
    step_m = width_m / count
    offsets_m = [(number + 0.5) * step_m - width_m / 2.0 for number in range(count)]
    lanes = [line.offset_curve(offset_m, join_style="mitre") for offset_m in offsets_m]
    return [
        piece for lane in lanes for piece in shapely.get_parts(lane)
        if isinstance(piece, LineString) and not piece.is_empty
    ]  # fmt: skip
