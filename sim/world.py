"""The people of the world: where each is at a world second, and what they do when spoken to.

All is a function of seed, scenario, world time and what was heard; nothing here draws or serves.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from patrol.geo import Enu, LocalFrame
from sim.camera import Figure
from sim.crowd import standing_places
from sim.figures import STANCE_COUNT, STRIDE_LENGTH_M, STRIDE_STEPS, Outfit, outfit_from
from sim.scenario import Gathering, Scenario

HEARD_MIN_DBA = 65.0  # a loud voice at a metre; below it words drown in a street
ARRIVAL_S = 60.0
_COMES_FROM_M = (20.0, 60.0)
_WALK_M_S = (1.2, 1.6)
_LEAVES_PROBABILITY = 0.88
_STAYERS_SHARE_MAX = 0.15  # of those who heard one play
_REACTION_S = (3.0, 20.0)
_GONE_AT_M = (82.0, 110.0)  # then indoors
_SHIFT_PERIOD_S = (9.0, 24.0)
_SHIFT_M = 0.08
_SHIFT_COUNT = 16
_LANE_SPACING_M = 14.0
_LANE_HALF_M = 70.0
_EAR_HEIGHT_M = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Straight from one place to another at an even pace."""

    start_s: float
    start: Enu
    end: Enu
    speed_m_s: float

    @property
    def end_s(self) -> float:
        """World second of arrival."""
        return self.start_s + self.start.distance_m(self.end) / self.speed_m_s

    def place_at(self, world_s: float) -> Enu:
        """Where the walker is; the ends before and after."""
        whole_s = self.end_s - self.start_s
        share = min(1.0, max(0.0, (world_s - self.start_s) / whole_s)) if whole_s > 0 else 1.0
        return Enu(
            east_m=self.start.east_m + share * (self.end.east_m - self.start.east_m),
            north_m=self.start.north_m + share * (self.end.north_m - self.start.north_m),
        )

    @property
    def heading_true_deg(self) -> float:
        """Where the walker looks."""
        return math.degrees(
            math.atan2(self.end.east_m - self.start.east_m, self.end.north_m - self.start.north_m)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A small step and turn of somebody who stands."""

    east_m: float
    north_m: float
    turn_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the gathering: comes, stands, and perhaps leaves."""

    number: int
    outfit: Outfit
    stance: int
    coming: Walk
    faces_deg: float
    shift_period_s: float
    shifts: tuple[Shift, ...]
    leaving: Walk | None = None

    def place_at(self, world_s: float) -> Enu | None:
        """Where they are; None while indoors."""
        if self.leaving is not None and world_s >= self.leaving.start_s:
            return self.leaving.place_at(world_s) if world_s < self.leaving.end_s else None
        if world_s < self.coming.end_s:
            return self.coming.place_at(world_s) if world_s >= self.coming.start_s else None
        shift = self._shift_at(world_s)
        return Enu(
            east_m=self.coming.end.east_m + shift.east_m,
            north_m=self.coming.end.north_m + shift.north_m,
        )

    def figure_at(self, world_s: float) -> Figure | None:
        """How the camera sees them; None while indoors."""
        place = self.place_at(world_s)
        if place is None:
            return None
        walk = self._walk_at(world_s)
        if walk is not None:
            return _walking(self.outfit, walk, world_s, place)
        return Figure(
            outfit=self.outfit, east_m=place.east_m, north_m=place.north_m, stride=None,
            heading_true_deg=self.faces_deg + self._shift_at(world_s).turn_deg, stance=self.stance,
        )  # fmt: skip

    def _walk_at(self, world_s: float) -> Walk | None:
        if self.leaving is not None and world_s >= self.leaving.start_s:
            return self.leaving
        return self.coming if world_s < self.coming.end_s else None

    def _shift_at(self, world_s: float) -> Shift:
        stood_s = world_s - self.coming.end_s
        count, within_s = divmod(stood_s, self.shift_period_s)
        old = self.shifts[int(count) % len(self.shifts)]
        new = self.shifts[(int(count) + 1) % len(self.shifts)]
        # The step itself takes the last second and a half of each period.
        share = min(1.0, max(0.0, 1.0 - (self.shift_period_s - within_s) / 1.5))
        return Shift(
            east_m=old.east_m + share * (new.east_m - old.east_m),
            north_m=old.north_m + share * (new.north_m - old.north_m),
            turn_deg=old.turn_deg + share * (new.turn_deg - old.turn_deg),
        )


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


@dataclass(slots=True, kw_only=True)
class World:
    """Everybody. Metres are east and north of the scenario's home."""

    people: list[Person]
    passers_by: tuple[PasserBy, ...]
    response: str
    seed: int
    centre: Enu
    play_count: int = field(default=0)

    def figures_at(self, world_s: float) -> list[Figure]:
        """Everyone who is outdoors."""
        seen = [figure for p in self.people if (figure := p.figure_at(world_s)) is not None]
        return seen + [passer.figure_at(world_s) for passer in self.passers_by]

    def hear(self, *, speaker: Enu, spl_1m_dba: float, finished_s: float) -> None:
        """A clip has been played to its end at world second `finished_s` from `speaker`."""
        self.play_count += 1
        if self.response != "disperses":
            return
        hearers = [
            index for index, person in enumerate(self.people)
            if person.leaving is None and self._hears(person, speaker, spl_1m_dba, finished_s)
        ]  # fmt: skip
        for index in self._who_leaves(hearers):
            self.people[index] = self._leaves(self.people[index], finished_s)

    def _hears(self, person: Person, speaker: Enu, spl_1m_dba: float, world_s: float) -> bool:
        place = person.place_at(world_s)
        return place is not None and level_dba(spl_1m_dba, speaker, place) >= HEARD_MIN_DBA

    def _who_leaves(self, hearers: list[int]) -> list[int]:
        """Most of them: by chance, but never more than a few stay."""
        chances = {index: self._dice(self.people[index]).random() for index in hearers}
        staying_max = int(_STAYERS_SHARE_MAX * len(hearers))
        stubborn_first = sorted(hearers, key=lambda index: -chances[index])
        staying = {i for i in stubborn_first[:staying_max] if chances[i] >= _LEAVES_PROBABILITY}
        return [index for index in hearers if index not in staying]

    def _dice(self, person: Person) -> random.Random:
        return random.Random(f"{self.seed}/play {self.play_count}/{person.number}")  # noqa: S311

    def _leaves(self, person: Person, finished_s: float) -> Person:
        dice = self._dice(person)
        dice.random()  # the one that decided whether to leave
        start_s = finished_s + dice.uniform(*_REACTION_S)
        # Somebody who is still coming turns round where they are by then.
        start = person.place_at(start_s) or person.coming.start
        outward_rad = math.atan2(
            start.east_m - self.centre.east_m, start.north_m - self.centre.north_m
        ) + math.radians(dice.uniform(-70.0, 70.0))
        distance_m = dice.uniform(*_GONE_AT_M)
        end = Enu(
            east_m=start.east_m + distance_m * math.sin(outward_rad),
            north_m=start.north_m + distance_m * math.cos(outward_rad),
        )
        leaving = Walk(start_s=start_s, start=start, end=end, speed_m_s=dice.uniform(*_WALK_M_S))
        return replace(person, leaving=leaving)


def level_dba(spl_1m_dba: float, speaker: Enu, place: Enu) -> float:
    """Sound level at an ear on the ground: spherical spreading, no wind, no echo."""
    slant_m = math.hypot(speaker.distance_m(place), speaker.up_m - _EAR_HEIGHT_M)
    return spl_1m_dba - 20.0 * math.log10(max(1.0, slant_m))


def make_world(scenario: Scenario, seed: int) -> World:
    """The world of a scenario; the same for the same seed."""
    frame = LocalFrame(origin=scenario.home)
    gathering = scenario.gathering
    centre = frame.to_enu(gathering.place) if gathering else Enu(east_m=0.0, north_m=0.0)
    around = frame.to_enu(scenario.passers_by_place) if scenario.passers_by_place else centre
    return World(
        people=_gather(gathering, centre, seed) if gathering else [],
        passers_by=_passers_by(scenario.passers_by_count, around, seed),
        response=gathering.response if gathering else "disperses",
        seed=seed,
        centre=centre,
    )


def _gather(gathering: Gathering, centre: Enu, seed: int) -> list[Person]:
    dice = random.Random(f"{seed}/gathering")  # noqa: S311
    places = standing_places(gathering.people_count, centre, dice)
    return [_person(number, place, centre, seed) for number, place in enumerate(places)]


def _person(number: int, place: Enu, centre: Enu, seed: int) -> Person:
    dice = random.Random(f"{seed}/person {number}")  # noqa: S311
    from_rad, distance_m = dice.uniform(0.0, 2.0 * math.pi), dice.uniform(*_COMES_FROM_M)
    start = Enu(
        east_m=place.east_m + distance_m * math.sin(from_rad),
        north_m=place.north_m + distance_m * math.cos(from_rad),
    )
    speed_m_s = dice.uniform(*_WALK_M_S)
    start_s = dice.uniform(0.0, ARRIVAL_S - distance_m / speed_m_s)
    to_centre_deg = math.degrees(
        math.atan2(centre.east_m - place.east_m, centre.north_m - place.north_m)
    )
    shifts = tuple(
        Shift(east_m=dice.gauss(0.0, _SHIFT_M), north_m=dice.gauss(0.0, _SHIFT_M),
              turn_deg=dice.gauss(0.0, 35.0))
        for _ in range(_SHIFT_COUNT)
    )  # fmt: skip
    return Person(
        number=number, outfit=outfit_from(dice), stance=dice.randrange(STANCE_COUNT),
        coming=Walk(start_s=start_s, start=start, end=place, speed_m_s=speed_m_s),
        faces_deg=to_centre_deg + dice.gauss(0.0, 50.0),
        shift_period_s=dice.uniform(*_SHIFT_PERIOD_S),
        # The first is where they arrived, so that nobody jumps on arrival.
        shifts=(Shift(east_m=0.0, north_m=0.0, turn_deg=0.0), *shifts),
    )  # fmt: skip


def _passers_by(count: int, around: Enu, seed: int) -> tuple[PasserBy, ...]:
    """Parallel lanes that keep clear of the middle and of one another."""
    dice = random.Random(f"{seed}/passers-by")  # noqa: S311
    bearing_rad = dice.uniform(0.0, math.pi)
    along = (math.sin(bearing_rad), math.cos(bearing_rad))
    passers = []
    for number in range(count):
        side = 1.0 if number % 2 else -1.0
        aside_m = side * (22.0 + _LANE_SPACING_M * (number // 2))
        middle = (around.east_m + along[1] * aside_m, around.north_m - along[0] * aside_m)
        ends = [
            Enu(east_m=middle[0] + sign * _LANE_HALF_M * along[0],
                north_m=middle[1] + sign * _LANE_HALF_M * along[1])
            for sign in (-1.0, 1.0)
        ]  # fmt: skip
        passers.append(PasserBy(
            outfit=outfit_from(dice), one_end=ends[0], other_end=ends[1],
            speed_m_s=dice.uniform(1.0, 1.5), ahead_m=dice.uniform(0.0, 4.0 * _LANE_HALF_M),
        ))  # fmt: skip
    return tuple(passers)


def _walking(outfit: Outfit, walk: Walk, world_s: float, place: Enu) -> Figure:
    walked_m = max(0.0, world_s - walk.start_s) * walk.speed_m_s
    return Figure(
        outfit=outfit, east_m=place.east_m, north_m=place.north_m,
        heading_true_deg=walk.heading_true_deg, stance=0,
        stride=int(walked_m / STRIDE_LENGTH_M * STRIDE_STEPS) % STRIDE_STEPS,
    )  # fmt: skip
