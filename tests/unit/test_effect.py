"""What an announcement did: medians before and after, and a verdict that says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from patrol.geo import GeoPoint, offset
from patrol.sighting import Look, PlacedPerson
from vision.crowd_rules import CrowdRules
from vision.effect import LOOKS_AT_S, Effect, EffectMeter, Verdict

START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
PLACE = GeoPoint(lat_deg=23.28, lon_deg=116.72)
FOOTPRINT = tuple(
    offset(PLACE, east_m=east, north_m=north)
    for east, north in ((-60, -60), (60, -60), (60, 60), (-60, 60))
)
ELSEWHERE = tuple(offset(point, east_m=500.0, north_m=0.0) for point in FOOTPRINT)
CROWD = 30
RADIUS_M = 8.0


class Observation:
    """A meter, and two looks a second at so many people on its ground. Words last 20 s."""

    def __init__(self, longest_s: float = 600.0) -> None:
        self.meter = EffectMeter(
            place=PLACE, radius_m=RADIUS_M, rules=CrowdRules(), longest_s=longest_s
        )
        self.now_s = 0.0
        self.finished_s = 0.0

    def see(
        self,
        count: int,
        for_s: float,
        *,
        away: int = 0,
        away_m: float = 25.0,
        is_valid: bool = True,
        is_in_view: bool = True,
    ) -> None:
        end_s = self.now_s + for_s
        while self.now_s < end_s:
            spots = [(i % 5, i // 5) for i in range(count)] + [
                (away_m, 0.1 * i) for i in range(away)
            ]
            self.meter.see(a_look(self.now_s, spots, is_valid=is_valid, is_in_view=is_in_view))
            self.now_s += 0.5

    def speak(self) -> None:
        """The words, with the crowd standing."""
        start_utc = START + timedelta(seconds=self.now_s)
        self.see(CROWD, 20.0)
        self.finished_s = self.now_s
        self.meter.played(
            started_utc=start_utc, finished_utc=START + timedelta(seconds=self.finished_s)
        )

    @property
    def result(self) -> Effect:
        return self.meter.result()


def a_look(
    at_s: float, spots: list[tuple[float, float]], *, is_valid: bool, is_in_view: bool
) -> Look:
    people = tuple(
        PlacedPerson(
            point=offset(PLACE, east_m=east_m, north_m=north_m), error_m=1.0,
            relative_error_m=0.2, score=0.6, box_px=(0, 0, 10, 30),
        )
        for east_m, north_m in spots
    )  # fmt: skip
    return Look(
        camera_id="cam-1", sequence=int(at_s * 10), captured_utc=START + timedelta(seconds=at_s),
        captured_at_s=at_s, is_valid=is_valid, reason="" if is_valid else "blurred",
        people=people if is_valid else (), footprint=FOOTPRINT if is_in_view else ELSEWHERE,
        aircraft=None, aircraft_height_agl_m=None, latency_s=0.1, rate_hz=2.0, skipped_count=0,
    )  # fmt: skip


@pytest.fixture
def observed() -> Observation:
    """A crowd seen for a minute, then spoken to."""
    observation = Observation()
    observation.see(CROWD, 60.0)
    observation.speak()
    return observation


def test_before_the_words_there_is_no_effect() -> None:
    observation = Observation()
    observation.see(CROWD, 60.0)
    effect = observation.result
    assert (effect.before, effect.after, effect.verdict, effect.valid_pct) == (None,) * 4


def test_the_count_before_is_the_median_of_the_minute_before_the_words() -> None:
    observation = Observation()
    observation.see(3, 100.0)  # they were coming then
    observation.see(CROWD, 60.5)
    observation.speak()
    before = observation.result.before
    assert before is not None
    assert before.estimate == CROWD


def test_a_crowd_that_leaves_and_stays_away_for_a_minute_is_dispersed(
    observed: Observation,
) -> None:
    observed.see(CROWD, 30.0)
    observed.see(4, 61.0)
    assert observed.result.verdict is None, "the median needs a moment more"
    observed.see(4, 5.0)
    effect = observed.result
    assert effect.verdict is Verdict.DISPERSED
    assert "60 s" in effect.reason
    assert effect.after is not None
    assert effect.after.estimate == 4
    assert effect.residual_ratio == pytest.approx(4 / CROWD, abs=0.001)
    assert effect.valid_pct == 100.0


def test_it_is_dispersed_from_when_the_people_had_gone_not_from_when_it_was_sure(
    observed: Observation,
) -> None:
    observed.see(CROWD, 30.0)
    observed.see(2, 70.0)
    gone_utc = START + timedelta(seconds=observed.finished_s + 30.0)
    dispersed_utc = observed.result.dispersed_utc
    assert dispersed_utc is not None
    assert timedelta(0) <= dispersed_utc - gone_utc <= timedelta(seconds=2)


def test_after_an_early_end_the_later_looks_are_not_observed(observed: Observation) -> None:
    observed.see(2, 100.0)
    effect = observed.result
    assert effect.verdict is Verdict.DISPERSED
    assert [sample.dt_s for sample in effect.samples] == list(LOOKS_AT_S)
    assert [sample.is_observed for sample in effect.samples] == [True, False, False, False]
    assert effect.samples[0].count is not None, "the first minute was watched to its end"
    assert all(sample.count is None for sample in effect.samples[1:])


def test_an_end_between_the_looks_keeps_those_that_were_taken(observed: Observation) -> None:
    observed.see(CROWD, 100.0)
    observed.see(2, 100.0)
    effect = observed.result
    assert effect.verdict is Verdict.DISPERSED
    assert [sample.is_observed for sample in effect.samples] == [True, False, False, False]
    first = effect.samples[0].count
    assert first is not None
    assert first.estimate == CROWD


def test_a_crowd_that_stays_persists_and_every_look_was_taken(observed: Observation) -> None:
    observed.see(CROWD, 600.0)
    assert observed.result.verdict is None
    observed.see(CROWD, 15.0)
    effect = observed.result
    assert effect.verdict is Verdict.PERSISTING
    assert effect.reason == "not dispersed 600 s after the words"
    assert effect.dispersed_utc is None
    assert effect.residual_ratio == 1.0
    assert [sample.is_observed for sample in effect.samples] == [True] * 4


def test_a_crowd_of_which_too_many_stay_persists() -> None:
    observation = Observation(longest_s=120.0)
    observation.see(CROWD, 60.0)
    observation.speak()
    # Upper bound of 10 people is 16.2, more than half of 30.
    observation.see(10, 131.0)
    assert observation.result.verdict is Verdict.PERSISTING


def test_people_who_come_back_within_the_minute_start_it_again(observed: Observation) -> None:
    observed.see(4, 50.0)
    observed.see(CROWD, 10.0)
    observed.see(4, 55.0)
    assert observed.result.verdict is None
    observed.see(4, 10.0)
    assert observed.result.verdict is Verdict.DISPERSED


def test_one_wrong_look_does_not_start_the_minute_again(observed: Observation) -> None:
    observed.see(4, 30.0)
    observed.see(CROWD, 0.5)
    observed.see(4, 33.0)
    assert observed.result.verdict is Verdict.DISPERSED


@pytest.mark.parametrize(("away_m", "left"), [(12.0, CROWD), (14.0, 4)])
def test_people_who_step_aside_less_than_five_metres_are_still_there(
    observed: Observation, away_m: float, left: int
) -> None:
    observed.see(4, 40.0, away=26, away_m=away_m)
    after = observed.result.after
    assert after is not None
    assert after.estimate == left


def test_invalid_looks_do_not_count_as_nobody(observed: Observation) -> None:
    observed.see(0, 200.0, is_valid=False)
    effect = observed.result
    assert effect.verdict is None
    assert effect.after is None
    assert effect.valid_pct == 0.0
    assert [sample.is_observed for sample in effect.samples] == [False, False]


def test_a_place_out_of_the_picture_does_not_count_as_empty(observed: Observation) -> None:
    observed.see(0, 200.0, is_in_view=False)
    assert observed.result.verdict is None
    assert observed.result.valid_pct == 0.0


def test_when_most_looks_are_invalid_nothing_is_sure(observed: Observation) -> None:
    for _ in range(80):
        observed.see(2, 0.5)
        observed.see(2, 1.0, is_valid=False)
    assert observed.result.verdict is None
    assert observed.result.valid_pct == pytest.approx(33.3, abs=1.0)


def test_nothing_valid_to_the_end_is_persisting_and_says_that_nothing_was_seen() -> None:
    observation = Observation(longest_s=60.0)
    observation.see(0, 60.0, is_valid=False)
    start_utc = START + timedelta(seconds=observation.now_s)
    observation.meter.played(
        started_utc=start_utc, finished_utc=start_utc + timedelta(seconds=20.0)
    )
    observation.see(0, 95.0, is_valid=False)
    effect = observation.result
    assert effect.verdict is Verdict.PERSISTING
    assert effect.reason == "nothing valid was seen 60 s after the words"
    assert (effect.before, effect.after, effect.residual_ratio) == (None, None, None)


def test_what_is_seen_after_the_verdict_changes_nothing(observed: Observation) -> None:
    observed.see(2, 100.0)
    first = observed.result
    observed.see(CROWD, 100.0)
    assert observed.result == first


def test_nothing_valid_after_the_words_is_told_though_the_crowd_was_seen_before() -> None:
    observation = Observation(longest_s=60.0)
    observation.see(CROWD, 60.0)
    observation.speak()
    observation.see(0, 75.0, is_valid=False)
    assert observation.result.verdict is Verdict.PERSISTING
    assert "nothing valid" in observation.result.reason


def test_a_further_announcement_ends_the_first_observation_without_a_verdict(
    observed: Observation,
) -> None:
    observed.see(CROWD, 75.0)
    observed.meter.cut()
    assert [sample.is_observed for sample in observed.result.samples] == [True, False, False, False]
    assert observed.result.verdict is None


def test_a_valid_look_without_a_footprint_counts_nobody_and_breaks_nothing() -> None:
    meter = EffectMeter(place=PLACE, radius_m=RADIUS_M, rules=CrowdRules(), longest_s=60.0)
    meter.see(replace(a_look(0.0, [(0.0, 0.0)], is_valid=True, is_in_view=True), footprint=()))
    assert meter.result().before is None


def test_a_minute_that_nobody_watched_does_not_make_a_crowd_gone(observed: Observation) -> None:
    observed.see(2, 3.0)
    observed.now_s += 61.0  # the picture was lost
    observed.see(2, 3.0)
    assert observed.result.verdict is None
    observed.see(2, 60.0)
    assert observed.result.verdict is Verdict.DISPERSED, "the minute began anew with the picture"


def test_ground_that_is_half_out_of_the_picture_is_not_counted() -> None:
    observation = Observation()
    half = tuple(offset(point, east_m=57.0, north_m=0.0) for point in FOOTPRINT)
    for number in range(200):
        look = a_look(number * 0.5, [(4.0, 0.0)] * CROWD, is_valid=True, is_in_view=True)
        observation.meter.see(replace(look, footprint=half))
    moment = START + timedelta(seconds=100.0)
    observation.meter.played(started_utc=moment, finished_utc=moment)
    assert observation.result.before is None
