"""Where a straight line may be flown: inside the fence, clear of the ground, of places and crowds.

Pure geometry in ENU metres.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from missions.airspace import Airspace
from missions.flat import to_place, to_position, to_positions
from missions.heights import Elevation, grounds_m
from patrol.geo import Datum, GeoPoint, LocalFrame
from patrol.plan import MissionPlan

MARGIN_M = 5.0  # to the fence and to kept-out places: position error and half a sampling step
_CLEARANCE_M = 15.0  # above the ground, [P]
_GROUND_STEP_M = 20.0  # between looks at the elevation along a line
_STANDOFF_M = 30.0  # where the plan allows no look at a crowd
_ON_EDGE_M = 1.0  # a line may begin at the stand-off itself

Positions = NDArray[np.float64]  # N x 2: east, north
Flags = NDArray[np.bool_]
Lines = NDArray[np.object_]

FENCE, KEPT_OUT, CROWD = "leaves_fence", "kept_out", "crowd"
TERRAIN, TERRAIN_UNKNOWN, CEILING = "terrain", "terrain_unknown", "above_ceiling"
FORBIDDING = (FENCE, KEPT_OUT, CROWD, TERRAIN, CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCrowd:
    """People who are known to be gathered."""

    point: GeoPoint
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the planner knows beyond grid and fence. No elevation: the ground is taken as flat."""

    elevation_amsl_m: Elevation | None = None
    kept_out: tuple[tuple[GeoPoint, ...], ...] = ()
    crowds: tuple[KnownCrowd, ...] = ()
    airspace: Airspace | None = None


class OpenAir:
    """The air of one plan."""

    def __init__(self, plan: MissionPlan, around: Surroundings) -> None:
        self.frame = LocalFrame(origin=plan.home)
        self.home = self.position(plan.home)
        self.inside = _room_in(plan.fence, plan.home, threading.get_ident())
        self._kept_out = unary_union(
            [Polygon([self.position(p) for p in ring]).buffer(MARGIN_M) for ring in around.kept_out]
        )
        standoff_m = plan.look_hold.standoff_min_m if plan.look_hold else _STANDOFF_M
        self.crowds = [
            (to_position(crowd.point, self.frame), crowd.radius_m + standoff_m)
            for crowd in around.crowds
        ]
        self._ceiling_m = plan.ceiling_agl_m
        self._elevation = around.elevation_amsl_m
        self._home_m = self._elevation(plan.home) if self._elevation else None
        # What the autopilot returns at; a height above anything but home says nothing here.
        height = plan.return_height
        self._height_m = height.metres if height.datum is Datum.HOME else None

    def position(self, place: GeoPoint) -> tuple[float, float]:
        """East and north of home."""
        enu = self.frame.to_enu(place)
        return enu.east_m, enu.north_m

    def ground_above_home_m(self, position: Sequence[float]) -> float | None:
        """None where it is not known."""
        if self._elevation is None or self._home_m is None:
            return None
        found_m = self._elevation(to_place(position, self.frame))
        return None if found_m is None else found_m - self._home_m

    def is_free(self, position: Sequence[float], room_m: float) -> bool:
        """Whether a place has so much room around it to land on."""
        disc = Point(position).buffer(room_m)
        is_clear = self.inside.covers(disc) and not self._kept_out.intersects(disc)
        return bool(is_clear) and all(
            centre.distance(Point(position)) > radius_m for centre, radius_m in self.crowds
        )

    def is_all_open(self, places: Sequence[Sequence[float]]) -> bool:
        """Whether nothing but the fence is known and all between the places lies inside it."""
        is_fence_all = self._kept_out.is_empty and not self.crowds and self._elevation is None
        return is_fence_all and bool(
            self.inside.covers(shapely.convex_hull(shapely.multipoints(np.asarray(places))))
        )

    def troubles(self, starts: Positions, ends: Positions) -> dict[str, Flags]:
        """For each reason which of the N lines it speaks against."""
        lines = shapely.linestrings(np.stack([starts, ends], axis=1))
        near = np.zeros(len(lines), dtype=bool)
        for centre, radius_m in self.crowds:
            near |= shapely.distance(lines, centre) < radius_m - _ON_EDGE_M
        found = {
            FENCE: self._leaves_fence(starts, ends, lines),
            KEPT_OUT: np.asarray(shapely.intersects(self._kept_out, lines)),
            CROWD: near,
        }
        if self._elevation is not None:
            least, most = self._rooms_m(starts, ends, self._elevation)
            found[TERRAIN_UNKNOWN] = np.isnan(least)
            found[TERRAIN] = ~found[TERRAIN_UNKNOWN] & (least < _CLEARANCE_M)
            found[CEILING] = ~found[TERRAIN_UNKNOWN] & (most > self._ceiling_m)
        return found

    def is_open(self, starts: Positions, ends: Positions) -> Flags:
        """Which of the N lines nothing speaks against; ground that is not known does not."""
        found = self.troubles(starts, ends)
        against = [found[reason] for reason in FORBIDDING if reason in found]
        return np.asarray(~np.logical_or.reduce(against))

    def _leaves_fence(self, starts: Positions, ends: Positions, lines: Lines) -> Flags:
        # A line without length is no line to shapely; its point is.
        are_points = np.all(starts == ends, axis=1) & shapely.covers(
            self.inside, shapely.points(starts)
        )
        return np.asarray(~shapely.covers(self.inside, lines) & ~are_points)

    def _rooms_m(
        self, starts: Positions, ends: Positions, elevation: Elevation
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest height above the ground on each line; NaN where not known."""
        if self._height_m is None or self._home_m is None:
            unknown = np.full(len(starts), math.nan)
            return unknown, unknown
        longest_m = float(np.hypot(*(ends - starts).T).max(initial=0.0))
        shares = np.linspace(0.0, 1.0, max(1, math.ceil(longest_m / _GROUND_STEP_M)) + 1)
        places = starts[:, None, :] + shares[None, :, None] * (ends - starts)[:, None, :]
        grounds = grounds_m(elevation, self.frame, places.reshape(-1, 2))
        rooms = self._height_m + self._home_m - grounds.reshape(len(starts), len(shares))
        return rooms.min(axis=1), rooms.max(axis=1)


# All sorties of a grid have one fence, and each is looked at twice. A prepared shape is built while
# it is asked, which two threads must not do at once: each has its own.
@functools.lru_cache(maxsize=16)
def _room_in(fence: tuple[GeoPoint, ...], home: GeoPoint, thread: int) -> BaseGeometry:
    """Where there is room to every side of the fence, in metres from home."""
    del thread
    drawn = Polygon(to_positions(fence, LocalFrame(origin=home)))
    inside = shapely.make_valid(drawn).buffer(-MARGIN_M)
    shapely.prepare(inside)
    return inside
