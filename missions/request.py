"""What a patrol is planned from: the grid, the aircraft's lens and endurance, the pattern."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import shapely
from shapely.geometry import Point
from shapely.geometry.polygon import orient
from shapely.ops import nearest_points

from missions.flat import largest_part, to_metres, to_place
from missions.grid import Grid
from missions.open_air import Surroundings
from patrol.camera import CameraLens
from patrol.geo import GeoPoint, LocalFrame
from patrol.pattern import Pattern

_INSET_MIN_M = 15.0
_FENCE_MARGIN_M = 10.0  # between the inset's stopping distance and the grid's edge
_DECELERATION_M_S2 = 2.5
_POSITION_ERROR_M = 3.0
_FAR_M = 1700.0  # of a launch point from some of its grid
STANDOFF_MIN_M = 30.0  # DOMAIN 4.3, overflight guard: the greater of this and the height


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The pattern and what it asks for; None takes the pattern's own figure."""

    pattern: Pattern = Pattern.BOUNDARY
    places: tuple[GeoPoint, ...] = ()  # to look at; of a corridor the line
    spacing_m: float | None = None  # between lanes; none: from the picture on the ground
    overlap_share: float = 0.2  # of neighbouring lanes' pictures
    hold_s: float | None = None  # at each place
    radius_m: float | None = None  # of an orbit; never less than the stand-off
    width_m: float = 0.0  # of a corridor; 0: the line itself once


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What a patrol is planned from."""

    grid: Grid
    register_version: str
    home: GeoPoint
    home_elevation_amsl_m: float
    lens: CameraLens
    created_utc: datetime
    is_exercise: bool = False
    height_agl_m: float = 30.0
    speed_m_s: float = 4.8  # under the 5 m/s up to which a count is valid
    transit_speed_m_s: float = 7.0  # where nobody is counted; stops within the fence's corridor
    gimbal_pitch_deg: float = -27.0
    inward_bearing_offset_deg: float = 33.0  # a 40 degree lens then sees 13 to 53 degrees inwards
    endurance_s: float = 1500.0
    ceiling_agl_m: float = 110.0  # 10 m under the 120 m of the law, DOMAIN 2.5
    around: Surroundings = field(default_factory=Surroundings)
    task: Task = field(default_factory=Task)

    @property
    def standoff_m(self) -> float:
        """How near to people the patrol may come."""
        return max(STANDOFF_MIN_M, self.height_agl_m)


def braking_m(speed_m_s: float) -> float:
    """How far it flies on while it stops: v²/2a."""
    return speed_m_s**2 / (2.0 * _DECELERATION_M_S2)


def stopping_m(speed_m_s: float) -> float:
    """How far beyond the place where it should stop it may be: v²/2a and the position's error."""
    return braking_m(speed_m_s) + _POSITION_ERROR_M


def inset_m(speed_m_s: float) -> float:
    """How far inside the boundary to fly: stopping way, position error and the fence's margin."""
    return max(_INSET_MIN_M, stopping_m(speed_m_s) + _FENCE_MARGIN_M / 2.0)


def centre_of(grid: Grid) -> GeoPoint:
    """A place inside the grid, the origin of its flat frame."""
    inside = grid.shape.representative_point()
    return GeoPoint(lat_deg=inside.y, lon_deg=inside.x)


def default_home(grid: Grid, speed_m_s: float = 4.8) -> GeoPoint:
    """A launch point inside the grid, some 25 m inwards of its boundary loop.

    Of a grid that reaches far it lies near the middle, for a battery lasts there and back.
    """
    frame = LocalFrame(origin=centre_of(grid))
    outline, _ = largest_part(to_metres(grid.shape, frame))
    if outline is None:
        return centre_of(grid)
    for depth_m in (inset_m(speed_m_s) + 25.0, inset_m(speed_m_s), 0.0):
        inner, _ = largest_part(outline.buffer(-depth_m, join_style="mitre"))
        if inner is not None:
            south = min(orient(inner).exterior.coords, key=lambda c: (round(c[1], 3), c[0]))
            if Point(south).hausdorff_distance(inner) > _FAR_M:
                middle = shapely.minimum_bounding_circle(inner).centroid
                south = nearest_points(inner, middle)[0].coords[0]
            return to_place(south, frame)
    return centre_of(grid)
