"""Single people of the world as functions of time: the gathered, and those who only pass by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from patrol.geo import Enu
from sim.figures import STRIDE_LENGTH_M, STRIDE_STEPS, Outfit
from sim.portrait import Figure
from sim.walk import Fidget, Turn, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the gathering: comes, stands or queues, and perhaps leaves."""

    number: int
    outfit: Outfit
    stance: int
    coming: Walk
    faces_deg: float
    fidget: Fidget
    turn: Turn | None = None  # None: not in a queue
    served: Walk | None = None  # leaves a queue that has brought them to its head
    leaving: Walk | None = None  # leaves because of what was heard

    def way_out(self, world_s: float) -> Walk | None:
        """The walk away that has begun."""
        begun = [w for w in (self.leaving, self.served) if w is not None and world_s >= w.start_s]
        return min(begun, key=lambda walk: walk.start_s, default=None)

    def place_at(self, world_s: float) -> Enu | None:
        """Where they are; None while indoors."""
        leaving = self.way_out(world_s)
        if leaving is not None:
            return leaving.place_at(world_s) if world_s < leaving.end_s else None
        if world_s < self.coming.end_s:
            return self.coming.place_at(world_s) if world_s >= self.coming.start_s else None
        shift = self.fidget.after(world_s - self.coming.end_s)
        moved = self._moved_up(world_s)
        return Enu(
            east_m=self.coming.end.east_m + shift.east_m + moved.east_m,
            north_m=self.coming.end.north_m + shift.north_m + moved.north_m,
        )

    def doing_at(self, world_s: float) -> str:
        """One word for tests: away, coming, standing or leaving."""
        if self.place_at(world_s) is None:
            return "away"
        if self.way_out(world_s) is not None:
            return "leaving"
        return "coming" if world_s < self.coming.end_s else "standing"

    def figure_at(self, world_s: float) -> Figure | None:
        """How the camera sees them; None while indoors."""
        place = self.place_at(world_s)
        if place is None:
            return None
        walk = self.way_out(world_s) or (self.coming if world_s < self.coming.end_s else None)
        if walk is not None:
            return _walking(self.outfit, walk, world_s, place)
        turned_deg = self.fidget.after(world_s - self.coming.end_s).turn_deg
        return Figure(
            outfit=self.outfit, east_m=place.east_m, north_m=place.north_m,
            stride=self._stride_in_queue(world_s), stance=self.stance,
            heading_true_deg=self.faces_deg + turned_deg,
        )  # fmt: skip

    def _moved_up(self, world_s: float) -> Enu:
        if self.turn is None:
            return Enu(east_m=0.0, north_m=0.0)
        moved_m = self.turn.moved_m(world_s)
        bearing_rad = math.radians(self.turn.to_head_true_deg)
        return Enu(east_m=moved_m * math.sin(bearing_rad), north_m=moved_m * math.cos(bearing_rad))

    def _stride_in_queue(self, world_s: float) -> int | None:
        if self.turn is None or not self.turn.is_moving(world_s):
            return None
        return _stride(self.turn.moved_m(world_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class PasserBy:
    """Walks a lane of their own up and down, and minds their own business."""

    outfit: Outfit
    one_end: Enu
    other_end: Enu
    speed_m_s: float
    ahead_m: float  # along the lane at world second 0

    def figure_at(self, world_s: float) -> Figure:
        """How the camera sees them."""
        length_m = self.one_end.distance_m(self.other_end)
        walked_m = self.ahead_m + self.speed_m_s * world_s
        laps, along_m = divmod(walked_m, length_m)
        start, end = self.one_end, self.other_end
        if int(laps) % 2:
            start, end = end, start
        begun_s = world_s - along_m / self.speed_m_s
        walk = Walk(start_s=begun_s, start=start, end=end, speed_m_s=self.speed_m_s)
        return _walking(self.outfit, walk, world_s, walk.place_at(world_s))


def _walking(outfit: Outfit, walk: Walk, world_s: float, place: Enu) -> Figure:
    walked_m = max(0.0, world_s - walk.start_s) * walk.speed_m_s
    return Figure(
        outfit=outfit, east_m=place.east_m, north_m=place.north_m, stride=_stride(walked_m),
        heading_true_deg=walk.heading_true_deg, stance=0,
    )  # fmt: skip


def _stride(walked_m: float) -> int:
    return int(walked_m / STRIDE_LENGTH_M * STRIDE_STEPS) % STRIDE_STEPS
