"""What was seen: counts with bounds, people placed on the ground, sightings made of them."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import datetime

from patrol.geo import GeoPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many people: low <= estimate <= high. An invalid count is not zero people."""

    low: float
    estimate: float
    high: float
    is_valid: bool
    reason: str = ""  # why it is not valid; empty when it is

    def __post_init__(self) -> None:
        """Refuse bounds that are out of order (ValueError)."""
        if not 0 <= self.low <= self.estimate <= self.high:
            raise ValueError(f"bounds out of order: {self.low}, {self.estimate}, {self.high}")


def poisson_count(people: float, *, is_valid: bool = True, reason: str = "") -> Count:
    """Bounds n -+ 1.96 sqrt(n) until the eye is calibrated (DOMAIN 4.4)."""
    half = 1.96 * math.sqrt(people)
    return Count(
        low=max(0.0, people - half),
        estimate=people,
        high=people + half,
        is_valid=is_valid,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPerson:
    """One detection put on the ground."""

    point: GeoPoint
    error_m: float  # one sigma, horizontal
    relative_error_m: float  # one sigma, against others in the same look: pose errors cancel
    score: float
    box_px: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max in the source picture
    is_countable: bool = True  # false outside the declared envelope (too small, edge of validity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One frame as the eye saw it. `people` is empty when nobody was found or it could not look."""

    camera_id: str
    sequence: int
    captured_utc: datetime  # world time
    captured_at_s: float  # wall monotonic seconds
    is_valid: bool
    reason: str
    people: tuple[PlacedPerson, ...]
    footprint: tuple[GeoPoint, ...]  # ground that a valid count covers; empty when unknown
    aircraft: GeoPoint | None
    aircraft_height_agl_m: float | None
    latency_s: float  # capture to result, wall
    rate_hz: float  # looks per wall second lately
    skipped_count: int  # frames passed over since the last look
    size_px: tuple[int, int] = (0, 0)  # width, height of the source picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """People linked by distance in one look."""

    centre: GeoPoint
    radius_m: float
    error_m: float  # of the centre
    count: Count
    area_m2: float | None
    people: tuple[PlacedPerson, ...]


class SightingKind(enum.Enum):
    """What the crowd rules of DOMAIN 4.3 find."""

    GATHERING = "GATHERING"
    DENSITY = "DENSITY"
    QUEUE = "QUEUE"
    GROWTH = "GROWTH"


class Stage(enum.Enum):
    """How far a rule has come with a cluster."""

    CANDIDATE = "candidate"  # bound reached in three valid frames
    RAISED = "raised"  # held for the rule's on-delay
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A rule's finding about a cluster, placed in a grid."""

    sighting_id: str
    kind: SightingKind
    stage: Stage
    time_utc: datetime
    place: GeoPoint
    error_m: float
    radius_m: float
    count: Count
    area_m2: float | None
    grid_code: str | None
    sortie: str
    rule: str  # "HJ-CROWD-1/gathering"
    nearest_person_m: float | None  # horizontal, aircraft to the nearest placed person
    standoff_need_m: float | None  # None: the height above ground is not known
    # Upper bound in the densest cell of the rule; None: nobody has measured it.
    density_high_per_m2: float | None = None
