"""Makes the people of a scenario from its seed: who comes when, from where, to which place."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from patrol.geo import Enu
from sim.crowd import QUEUE_SPACING_M, queue_place, standing_places, throng_places
from sim.figures import STANCE_COUNT, outfit_from
from sim.people import PasserBy, Person
from sim.scenario import Gathering
from sim.streets import TILE_M, Streets
from sim.walk import Fidget, Shift, Turn, Walk

ARRIVAL_S = 60.0
WALK_M_S = (1.2, 1.6)
_COMES_FROM_M = (20.0, 60.0)
_GOES_M = (40.0, 90.0)  # after being served
_SHIFT_PERIOD_S = (9.0, 24.0)
_SHIFT_M = 0.08
_SHIFT_COUNT = 16
_LANE_SPACING_M = 14.0
_LANE_HALF_M = 70.0
_PAVEMENT_HALF_M = 60.0
_PAVEMENT_ASIDE_M = 0.7
_CLEAR_OF_GATHERING_M = 9.0


def gather(gathering: Gathering, centre: Enu, seed: int) -> list[Person]:
    """Everybody who will ever come."""
    if gathering.form == "queue":
        return _queue(gathering, centre, seed)
    dice = random.Random(f"{seed}/gathering")  # noqa: S311
    arrange = standing_places if gathering.form == "ring" else throng_places
    places = arrange(gathering.people_max, centre, dice)
    people = [_person(number, place, centre, seed) for number, place in enumerate(places)]
    for number in range(gathering.people_count, len(people)):
        people[number] = _arriving(people[number], _grown_s(gathering, number, dice))
    return people


def _grown_s(gathering: Gathering, number: int, dice: random.Random) -> float:
    """When a later comer arrives: evenly spread, each within their own share of the time."""
    if gathering.growth is None:
        return ARRIVAL_S
    each_s = gathering.growth.over_s / gathering.growth.people_count
    return ARRIVAL_S + (number - gathering.people_count + dice.random()) * each_s


def _queue(gathering: Gathering, head: Enu, seed: int) -> list[Person]:
    dice = random.Random(f"{seed}/queue")  # noqa: S311
    arrivals_s = sorted(dice.uniform(20.0, ARRIVAL_S) for _ in range(gathering.people_count))
    arrivals_s += [
        _grown_s(gathering, number, dice)
        for number in range(gathering.people_count, gathering.people_max)
    ]
    served_s: list[float] = []
    people = []
    for number, arrival_s in enumerate(arrivals_s):
        ahead_s = tuple(moment for moment in served_s if moment > arrival_s)
        place = queue_place(len(ahead_s), head, gathering.queue_true_deg)
        person = _arriving(_person(number, place, head, seed), arrival_s)
        turn = Turn(
            served_s=ahead_s, to_head_true_deg=gathering.queue_true_deg + 180.0,
            spacing_m=QUEUE_SPACING_M,
        )  # fmt: skip
        person = replace(person, turn=turn, faces_deg=turn.to_head_true_deg, served=None)
        last_s = served_s[-1] if served_s else -math.inf
        done_s = math.inf  # of a queue that does not move
        if gathering.service_s is not None:
            done_s = max(last_s, max(arrival_s, ARRIVAL_S)) + gathering.service_s
            person = replace(person, served=_served(person, done_s, dice))
        served_s.append(done_s)
        people.append(person)
    return people


def _served(person: Person, done_s: float, dice: random.Random) -> Walk:
    """Away from the head of the queue, to either side of it."""
    start = person.place_at(done_s) or person.coming.end
    aside_deg = person.faces_deg + dice.choice((-1.0, 1.0)) * dice.uniform(60.0, 120.0)
    distance_m = dice.uniform(*_GOES_M)
    return Walk(
        start_s=done_s, start=start, speed_m_s=dice.uniform(*WALK_M_S),
        end=_away(start, distance_m, math.radians(aside_deg)),
    )  # fmt: skip


def _arriving(person: Person, arrival_s: float) -> Person:
    """The same person, but coming at another time."""
    way_s = person.coming.end_s - person.coming.start_s
    return replace(person, coming=replace(person.coming, start_s=arrival_s - way_s))


def _person(number: int, place: Enu, centre: Enu, seed: int) -> Person:
    dice = random.Random(f"{seed}/person {number}")  # noqa: S311
    from_rad, distance_m = dice.uniform(0.0, 2.0 * math.pi), dice.uniform(*_COMES_FROM_M)
    start = _away(place, distance_m, from_rad)
    speed_m_s = dice.uniform(*WALK_M_S)
    start_s = dice.uniform(0.0, ARRIVAL_S - distance_m / speed_m_s)
    to_centre_deg = math.degrees(
        math.atan2(centre.east_m - place.east_m, centre.north_m - place.north_m)
    )
    shifts = tuple(
        Shift(east_m=dice.gauss(0.0, _SHIFT_M), north_m=dice.gauss(0.0, _SHIFT_M),
              turn_deg=dice.gauss(0.0, 35.0))
        for _ in range(_SHIFT_COUNT)
    )  # fmt: skip
    # The first is where they arrived, so that nobody jumps on arrival.
    still = Shift(east_m=0.0, north_m=0.0, turn_deg=0.0)
    return Person(
        number=number, outfit=outfit_from(dice), stance=dice.randrange(STANCE_COUNT),
        coming=Walk(start_s=start_s, start=start, end=place, speed_m_s=speed_m_s),
        faces_deg=to_centre_deg + dice.gauss(0.0, 50.0),
        fidget=Fidget(period_s=dice.uniform(*_SHIFT_PERIOD_S), shifts=(still, *shifts)),
    )  # fmt: skip


def passers_by(count: int, around: Enu, seed: int) -> tuple[PasserBy, ...]:
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


def walkers(count: int, around: Enu, streets: Streets, seed: int) -> tuple[PasserBy, ...]:
    """People on the pavements around a place, clear of whoever stands there."""
    dice = random.Random(f"{seed}/walkers")  # noqa: S311
    lanes = [
        (is_east_west, line_m)
        for is_east_west, at_m in streets.pavements_m()
        for line_m in _lines_around(
            -at_m if is_east_west else at_m, around.north_m if is_east_west else around.east_m
        )
    ]
    found = []
    for _ in range(count):
        is_east_west, line_m = dice.choice(lanes)
        line_m += dice.uniform(-_PAVEMENT_ASIDE_M, _PAVEMENT_ASIDE_M)
        ends = [
            Enu(east_m=around.east_m + half_m, north_m=line_m) if is_east_west
            else Enu(east_m=line_m, north_m=around.north_m + half_m)
            for half_m in (-_PAVEMENT_HALF_M, _PAVEMENT_HALF_M)
        ]  # fmt: skip
        found.append(PasserBy(
            outfit=outfit_from(dice), one_end=ends[0], other_end=ends[1],
            speed_m_s=dice.uniform(1.0, 1.5), ahead_m=dice.uniform(0.0, 4.0 * _PAVEMENT_HALF_M),
        ))  # fmt: skip
    return tuple(found)


def _lines_around(first_m: float, middle_m: float) -> list[float]:
    """A pavement's two nearest repetitions that do not run through the middle."""
    number = math.floor((middle_m - first_m) / TILE_M)
    lines = [first_m + (number + more) * TILE_M for more in (0, 1)]
    return [line_m for line_m in lines if abs(line_m - middle_m) >= _CLEAR_OF_GATHERING_M]


def _away(start: Enu, distance_m: float, bearing_rad: float) -> Enu:
    return Enu(
        east_m=start.east_m + distance_m * math.sin(bearing_rad),
        north_m=start.north_m + distance_m * math.cos(bearing_rad),
    )
