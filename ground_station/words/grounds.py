"""What register and orders say of a place: whether it is a checkpoint, the coast, a school gate.

What they say nothing about is not in the answer, which is not the same as no.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ground_station.legal import Allows, LegalBook
from ground_station.templates import Need
from missions.grid import COAST, SpecialSite, SpecialType
from missions.register import Register
from patrol.geo import GeoPoint, distance_m

SCHOOL_GATE_M = 100.0  # from the school's point in the register, which is seldom its gate
CHECKPOINT_M = 100.0  # as long as a queue of a hundred people who keep a metre apart


def schools_of(register: Register) -> list[SpecialSite]:
    """The schools that a register lists."""
    overlays = {one.code for one in register.overlays if one.special_type is SpecialType.SCHOOL}
    return [site for site in register.sites if site.overlay in overlays]


def grounds(
    register: Register,
    legal: LegalBook,
    *,
    grid_code: str | None,
    place: GeoPoint | None,
    at_utc: datetime,
    is_exercise: bool,
) -> dict[Need, bool]:
    """What is known of a place, yes or no; a need that is missing here is known to nobody."""
    schools = [site.point for site in schools_of(register)]
    checkpoints = [checkpoint.point for checkpoint in register.checkpoints]
    declared = legal.in_force(
        Allows.EMERGENCY, grid_code=grid_code, at_utc=at_utc, is_exercise=is_exercise
    )
    known = {
        Need.CHECKPOINT: _is_near(place, checkpoints, CHECKPOINT_M),
        Need.COAST: _is_coast(register, grid_code),
        Need.SCHOOL_GATE: _is_near(place, schools, SCHOOL_GATE_M),
        Need.EMERGENCY_DECLARED: declared is not None,
    }
    return {need: holds for need, holds in known.items() if holds is not None}


def _is_near(place: GeoPoint | None, points: Iterable[GeoPoint], within_m: float) -> bool | None:
    """None where the register lists none of its kind, or the place is not known."""
    known = list(points)
    if place is None or not known:
        return None
    return any(distance_m(point, place) <= within_m for point in known)


def _is_coast(register: Register, grid_code: str | None) -> bool | None:
    grid = register.areas.get(grid_code or "")
    if grid is None or grid.sensitive_flags is None:
        return None
    return COAST in grid.sensitive_flags
