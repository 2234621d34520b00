"""What pre-flight measures by. Our defaults [P]; configurable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from patrol.energy import Power


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Our defaults [P]; configurable."""

    link_age_s: float = 3.0
    satellites_min: int = 8
    hdop_max: float = 2.0
    reserve_pct: float = 30.0
    reserve_windy_pct: float = 20.0  # a wind that is known may take of it: the guardian's return
    understated_pct: float = 1.0  # rounding of the plan's own figure
    home_distance_m: float = 50.0
    home_elevation_m: float = 15.0  # a satellite altitude wanders by about that much
    value_age_s: float = 10.0  # what was told once and never again is not known
    clock_off_s: float = 2.0
    clock_wrong_s: float = 60.0
    power: Power = Power()  # what the battery gives
    declared_for: timedelta = timedelta(hours=2)  # weather changes


def is_old(age_s: float | None, limits: Limits) -> bool:
    """Whether it was told too long ago to be known."""
    return age_s is not None and age_s > limits.value_age_s
