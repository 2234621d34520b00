"""The people of the world: where each is at a world second, and what they do when spoken to.

All is a function of seed, scenario, world time and what was heard; nothing here draws or serves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from patrol.geo import Enu, LocalFrame
from sim.people import PasserBy, Person
from sim.population import WALK_M_S, gather, passers_by, walkers
from sim.portrait import Figure
from sim.scenario import Scenario
from sim.sound import heard_at
from sim.streets import make_streets
from sim.walk import Walk
from sim.weather import CLEAR_DAY, Weather

_LEAVES_PROBABILITY = 0.88
_STAYERS_SHARE_MAX = 0.15  # of those who heard one play
_REACTION_S = (3.0, 20.0)
_GONE_AT_M = (82.0, 110.0)  # then indoors


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Somebody who is outdoors, for tests alone."""

    name: str  # the same person at all times
    doing: str  # coming, standing, leaving or passing
    place: Enu


@dataclass(slots=True, kw_only=True)
class World:
    """Everybody. Metres are east and north of the scenario's home."""

    people: list[Person]
    passers_by: tuple[PasserBy, ...]
    response: str
    seed: int
    centre: Enu
    weather: Weather = CLEAR_DAY
    play_count: int = field(default=0)

    def figures_at(self, world_s: float) -> list[Figure]:
        """Everyone who is outdoors."""
        seen = [figure for p in self.people if (figure := p.figure_at(world_s)) is not None]
        return seen + [passer.figure_at(world_s) for passer in self.passers_by]

    def whereabouts_at(self, world_s: float) -> Iterator[Whereabouts]:
        """The truth about everyone who is outdoors."""
        for person in self.people:
            place = person.place_at(world_s)
            if place is not None:
                yield Whereabouts(
                    name=f"gathered-{person.number}", doing=person.doing_at(world_s), place=place
                )
        for number, passer in enumerate(self.passers_by):
            figure = passer.figure_at(world_s)
            place = Enu(east_m=figure.east_m, north_m=figure.north_m)
            yield Whereabouts(name=f"passer-{number}", doing="passing", place=place)

    def hear(self, *, speaker: Enu, spl_1m_dba: float, finished_s: float) -> int:
        """A clip has been played to its end; says how many of the gathered understood it.

        `speaker` is the aircraft's place, `finished_s` the world second.
        """
        self.play_count += 1
        hearers = [
            index for index, person in enumerate(self.people)
            if person.leaving is None and self._hears(person, speaker, spl_1m_dba, finished_s)
        ]  # fmt: skip
        if self.response == "disperses":
            for index in self._who_leaves(hearers):
                self.people[index] = self._leaves(self.people[index], finished_s)
        return len(hearers)

    def _hears(self, person: Person, speaker: Enu, spl_1m_dba: float, world_s: float) -> bool:
        place = person.place_at(world_s)
        if place is None or person.way_out(world_s) is not None:
            return False
        return heard_at(
            place, speaker=speaker, spl_1m_dba=spl_1m_dba, weather=self.weather
        ).is_understood

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
        leaving = Walk(start_s=start_s, start=start, end=end, speed_m_s=dice.uniform(*WALK_M_S))
        return replace(person, leaving=leaving)


def make_world(scenario: Scenario, seed: int) -> World:
    """The world of a scenario; the same for the same seed."""
    frame = LocalFrame(origin=scenario.home)
    gathering = scenario.gathering
    centre = frame.to_enu(gathering.place) if gathering else Enu(east_m=0.0, north_m=0.0)
    around = frame.to_enu(scenario.passers_by_place) if scenario.passers_by_place else centre
    return World(
        people=gather(gathering, centre, seed) if gathering else [],
        passers_by=passers_by(scenario.passers_by_count, around, seed)
        + walkers(scenario.walkers_count, around, make_streets(seed), seed),
        response=gathering.response if gathering else "disperses",
        seed=seed,
        centre=centre,
        weather=scenario.weather,
    )
