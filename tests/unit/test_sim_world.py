from __future__ import annotations

import io
import json
import math
import wave
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patrol.errors import ConfigError
from patrol.geo import Enu, GeoPoint, LocalFrame
from sim.clock import SimClock
from sim.ears import Ears
from sim.http import HttpRequest
from sim.scenario import Gathering, Scenario, load_scenario, scenario_from_dict
from sim.world import World, make_world

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.73)
SCENARIO = Scenario(
    home=HOME,
    home_elevation_amsl_m=12.0,
    start_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
    gathering=Gathering(place=GeoPoint(lat_deg=23.2812, lon_deg=116.7305), people_count=32),
    passers_by_count=4,
)
FILE = {
    "home": [116.73, 23.28],
    "home_elevation_amsl_m": 12.0,
    "start_utc": "2026-11-24T01:30:00Z",
    "gathering": {"place": [116.7305, 23.2812], "people": 32, "response": "stubborn"},
    "passers_by": 4,
    "camera": {"width_px": 1280, "height_px": 720, "hfov_deg": 40.0, "frames_per_s": 10},
}
ARRIVED_S = 61.0


def above(world: World, *, height_m: float = 30.0, aside_m: float = 50.0) -> Enu:
    centre = world.centre
    return Enu(east_m=centre.east_m + aside_m, north_m=centre.north_m, up_m=height_m)


def linked_count(places: list[Enu]) -> int:
    """How many hang together with the first when 2 m links."""
    linked, fresh = {places[0]}, [places[0]]
    while fresh:
        near = fresh.pop()
        found = {place for place in places if place.distance_m(near) < 2.0} - linked
        linked |= found
        fresh += found
    return len(linked)


def staying(world: World) -> int:
    return sum(person.leaving is None for person in world.people)


def spoken_to(seed: int, **changes: str) -> World:
    assert SCENARIO.gathering is not None
    gathering = replace(SCENARIO.gathering, **changes)  # type: ignore[arg-type]
    world = make_world(replace(SCENARIO, gathering=gathering), seed)
    world.hear(speaker=above(world), spl_1m_dba=110.0, finished_s=100.0)
    return world


def test_people_walk_in_from_20_to_60_metres_within_the_first_minute() -> None:
    world = make_world(SCENARIO, 3)
    for person in world.people:
        walked_m = person.coming.start.distance_m(person.coming.end)
        assert 20.0 <= walked_m <= 60.0
        assert 0.0 <= person.coming.start_s < person.coming.end_s <= 60.0 + 1e-9
        assert 1.2 <= person.coming.speed_m_s <= 1.6


def test_the_gathered_stand_within_the_rules_radius_and_never_in_one_another() -> None:
    for seed in range(1, 6):
        world = make_world(SCENARIO, seed)
        places = [person.place_at(ARRIVED_S) for person in world.people]
        outdoors = [place for place in places if place is not None]
        assert len(outdoors) == 32
        assert max(place.distance_m(world.centre) for place in outdoors) < 8.0
        pairs = [(a, b) for i, a in enumerate(outdoors) for b in outdoors[:i]]
        assert min(a.distance_m(b) for a, b in pairs) > 0.4
        assert linked_count(outdoors) == 32, "one cluster by the rule's link distance"


def test_whoever_stands_only_shifts_a_little() -> None:
    person = make_world(SCENARIO, 2).people[0]
    for world_s in range(62, 400, 7):
        place = person.place_at(float(world_s))
        assert place is not None
        assert place.distance_m(person.coming.end) < 0.7


def test_nobody_moves_faster_than_a_walk_between_two_pictures() -> None:
    world = spoken_to(4)
    for person in world.people:
        before = person.place_at(0.0)
        for tenth in range(1, 2200):
            now = person.place_at(tenth * 0.1)
            if before is not None and now is not None:
                assert before.distance_m(now) <= 0.1 * 1.6 + 0.08
            before = now


def test_equal_seeds_give_equal_worlds_and_choices() -> None:
    first, second, other = spoken_to(7), spoken_to(7), spoken_to(8)
    assert first.people == second.people
    assert first.passers_by == second.passers_by
    assert first.people != other.people


def test_most_of_those_who_hear_leave_after_their_reaction_time_and_go_indoors_far_away() -> None:
    for seed in range(1, 11):
        world = spoken_to(seed)
        assert staying(world) <= 4
        for person in world.people:
            if person.leaving is not None:
                assert 103.0 <= person.leaving.start_s <= 120.0
                assert 1.2 <= person.leaving.speed_m_s <= 1.6
                assert person.leaving.end.distance_m(world.centre) > 75.0
                assert person.place_at(person.leaving.end_s + 0.1) is None


def test_the_leavers_go_in_differing_directions() -> None:
    world = spoken_to(5)
    quarters = {
        int(person.leaving.heading_true_deg % 360.0 // 90.0)
        for person in world.people
        if person.leaving is not None
    }
    assert quarters == {0, 1, 2, 3}


def test_a_second_play_reaches_those_who_stayed() -> None:
    for seed in range(1, 30):
        world = spoken_to(seed)
        stayed = staying(world)
        if stayed:
            for _ in range(4):
                world.hear(speaker=above(world), spl_1m_dba=110.0, finished_s=400.0)
            assert staying(world) < stayed
            return
    pytest.fail("with no seed did anybody stay")


def test_stubborn_people_hear_and_stay() -> None:
    assert staying(spoken_to(1, response="stubborn")) == 32


def test_nobody_leaves_who_is_out_of_hearing() -> None:
    world = make_world(SCENARIO, 1)
    world.hear(speaker=above(world, aside_m=200.0), spl_1m_dba=110.0, finished_s=100.0)
    assert staying(world) == 32


def ask_to_play(duration_s: float, spl_dba: str = "110") -> HttpRequest:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * int(8000 * duration_s)))
    return HttpRequest(
        method="POST", path="/air", headers={"x-spl-1m-dba": spl_dba}, body=buffer.getvalue()
    )


@pytest.mark.anyio
@pytest.mark.parametrize("is_muted", [False, True])
async def test_people_leave_only_after_the_clip_has_ended_and_never_when_it_is_muted(
    is_muted: bool,
) -> None:
    world, clock = make_world(SCENARIO, 1), SimClock(SCENARIO.start_utc, 400.0)
    await clock.sleep(100.0)
    ears = Ears(world=world, clock=clock, speaker_at=lambda: above(world), is_muted=is_muted)
    answer = await ears.play(ask_to_play(40.0))
    ended_s = clock.monotonic_s()
    assert answer.body == {"finished": True}
    assert ended_s >= 140.0
    if is_muted:
        assert staying(world) == 32
    else:
        starts_s = [p.leaving.start_s for p in world.people if p.leaving is not None]
        assert len(starts_s) >= 28
        assert min(starts_s) >= 143.0


@pytest.mark.anyio
async def test_a_body_that_is_no_sound_is_refused() -> None:
    world, clock = make_world(SCENARIO, 1), SimClock(SCENARIO.start_utc, 1.0)
    ears = Ears(world=world, clock=clock, speaker_at=lambda: above(world), is_muted=False)
    whole = ask_to_play(1.0).body
    half = whole[: len(whole) // 2]  # its header still promises a second
    overlong_chunk = whole[:16] + b"\xff" + whole[17:]
    for body in (ask_to_play(0.0).body, b"RIFF", half, overlong_chunk, whole[:40]):
        assert (await ears.play(replace(ask_to_play(1.0), body=body))).status == 415
    assert (await ears.play(ask_to_play(1.0, spl_dba="loud"))).status == 400


def test_passers_by_keep_apart_from_the_gathering_and_from_one_another() -> None:
    world = make_world(SCENARIO, 6)
    for world_s in range(0, 600, 5):
        places = [passer.figure_at(float(world_s)) for passer in world.passers_by]
        for i, place in enumerate(places):
            away_m = math.hypot(
                place.east_m - world.centre.east_m, place.north_m - world.centre.north_m
            )
            assert away_m > 15.0
            for other in places[:i]:
                assert math.hypot(place.east_m - other.east_m, place.north_m - other.north_m) > 10.0


def test_without_a_gathering_only_passers_by_are_about() -> None:
    world = make_world(replace(SCENARIO, gathering=None), 1)
    assert len(world.figures_at(300.0)) == 4


def test_without_people_the_world_is_empty() -> None:
    assert make_world(SCENARIO.without_people(), 1).figures_at(300.0) == []


def test_a_scenario_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(FILE), encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.home == HOME
    assert scenario.gathering is not None
    assert scenario.gathering.response == "stubborn"
    assert LocalFrame(origin=HOME).to_enu(scenario.gathering.place).north_m == pytest.approx(
        133, abs=1
    )


def test_a_null_gathering_is_no_gathering() -> None:
    assert scenario_from_dict(FILE | {"gathering": None}).gathering is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"home": [116.73]}, "home"),
        ({"home": [116.73, 123.28]}, "home"),
        ({"start_utc": "2026-11-24T01:30:00"}, "zone"),
        ({"gathering": {"place": [116.73, 23.28], "people": 0}}, "gathering.people"),
        ({"gathering": {"place": [116.73, 23.28], "response": "sings"}}, "sings"),
        ({"camera": {"width_px": 1281}}, "even"),
        ({"passers_by": "four"}, "passers_by"),
        ({"weather": "rain"}, "weather"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        scenario_from_dict(FILE | change)


def test_a_missing_or_broken_file_is_told_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    for path in (tmp_path / "missing.json", broken):
        with pytest.raises(ConfigError) as caught:
            load_scenario(path)
        assert "\n" not in str(caught.value)
