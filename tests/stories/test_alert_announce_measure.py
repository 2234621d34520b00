"""Story 4, alert to announcement to measure: words are played as written, and their effect counted.

The aircraft and the loudspeaker are fakes in plain Python; every desk between them, the store and
the API are the product's. `tests/flight/test_demo.py` flies the same loop with a camera.
"""

from __future__ import annotations

import pytest

from patrol.geo import distance_m
from patrol.sighting import poisson_count
from patrol.vehicle import Hold, LookAt
from tests.stories.conftest import Stage
from tests.stories.street import STANDOFF_M

pytestmark = pytest.mark.anyio
T01 = "疫情期间请不要聚集!请各位快速散开!"
PEOPLE = 24
ON_DELAY_S = 30.0
MINUTES = [60.0, 180.0, 300.0, 600.0]


@pytest.mark.parametrize(
    ("left_after_s", "verdict", "observed_s"),
    [(100.0, "dispersed", [60.0]), (700.0, "persisting", MINUTES)],
)
async def test_a_crowd_is_spoken_to_in_the_exact_words_and_what_they_did_is_counted(
    stage: Stage, left_after_s: float, verdict: str, observed_s: list[float]
) -> None:
    street, cast = stage.street, stage.cast
    # Given a valid count with lower bound 14 in 15 m for 30 s and an order in force
    assert round(poisson_count(PEOPLE).low) == 14
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(PEOPLE, ON_DELAY_S - 2.0)
    assert not street.told("alert.raised")
    await street.sees(PEOPLE, 32.0)
    (raised,) = street.told("alert.raised")
    assert round(raised["count"]["low"]) == 14
    assert street.alerts[0].radius_m <= 15.0
    assert street.alerts[0].legal_basis_id == "LB-EX-1"

    # When the operator acknowledges and the announcer releases T01
    alert = f"/alerts/{raised['alert']}"
    taken = await cast["Wei"].does(f"{alert}/acknowledge")
    assert taken["acknowledged_by"] == "Wei"
    released = await cast["Lin"].does(f"{alert}/announce", template="T01")
    await street.settled(lambda: street.told("announcement.played"))

    # Then the exact words are played, at most twice
    (played,) = street.told("announcement.played")
    kept = await stage.station.records.announcement(released["id"])
    assert kept is not None
    assert (kept.text, kept.released_by) == (T01, "Lin")
    assert kept.audio_sha256 == played["audio_sha256"]
    assert street.speaker.played == [released["id"]]
    assert played["text_zh"] == T01
    three = await cast["Lin"].tries(f"{alert}/announce", template="T01", repeat=3)
    assert three.status_code == 422

    # and the drone holds at stand-off or farther and does not overfly
    (sighting,) = street.told("sighting")
    assert sighting["nearest_person_m"] >= sighting["standoff_need_m"] >= STANDOFF_M
    assert [type(command) for command in street.vehicle.commands[-2:]] == [Hold, LookAt]
    sample = street.vehicle.latest()
    assert sample is not None
    assert sample.position is not None
    assert distance_m(sample.position, street.crowd_at) > STANDOFF_M

    # and counts at +1, +3, +5 and +10 minutes are recorded; what nobody looked at any more
    # is said to be not observed
    await street.sees(PEOPLE, min(left_after_s, 610.0))
    await street.sees(5, 100.0)
    looks = street.told("look")
    assert [look["dt_s"] for look in looks] == MINUTES
    assert [look["dt_s"] for look in looks if look["is_observed"]] == observed_s
    assert all((look["count"] is not None) == look["is_observed"] for look in looks)

    # and the outcome is DISPERSED or PERSISTING with an interval, never just "成功"
    (effect,) = street.told("effect")
    assert effect["verdict"] == verdict
    assert effect["before"]["estimate"] == PEOPLE
    assert effect["after"]["low"] <= effect["after"]["estimate"] <= effect["after"]["high"]
    assert effect["after"]["low"] < effect["after"]["high"]
    assert "成功" not in str(effect)
    assert "success" not in str(effect)
