"""The places of a route before it is a plan, in ENU metres of the grid's frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Position = tuple[float, float]  # east, north


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where to fly next, and how: all of it is about the leg that ends here, but for the hold."""

    position: Position
    speed_m_s: float
    gimbal_pitch_deg: float
    turn_left_deg: float = 0.0  # of the camera, off the track
    look_at: Position | None = None  # the camera looks there instead
    hold_s: float = 0.0
    is_transit: bool = False  # nobody is counted on the way


def length_m(stops: Sequence[Stop]) -> float:
    """Along the stops, from the first to the last."""
    return sum(math.dist(a.position, b.position) for a, b in zip(stops, stops[1:], strict=False))
