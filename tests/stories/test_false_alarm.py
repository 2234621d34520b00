"""Story 6, false alarm: a registrar says that these are no people, and that counts and is kept."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Stage
from tests.stories.street import GRID

pytestmark = pytest.mark.anyio
SCOOTERS, PEOPLE = 24, 36
REASON = "a queue of scooters"


async def test_a_queue_of_scooters_is_dismissed_counts_against_precision_and_is_silent_for_5_min(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    # Given scooters that are counted as people
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(SCOOTERS, 60.0)
    (raised,) = street.told("alert.raised")

    # When the registrar dismisses with a reason
    dismiss = f"/alerts/{raised['alert']}/dismiss"
    wordless = await cast["Chen"].tries(dismiss, reason="")
    assert wordless.status_code == 422
    dismissed = await cast["Chen"].does(dismiss, reason=REASON)
    assert dismissed["state"] == "DISMISSED"

    # Then no announcement was made, nor can one be made now
    late = await cast["Lin"].tries(f"/alerts/{raised['alert']}/announce", template="T01")
    assert late.status_code == 409
    assert street.speaker.played == []
    assert await stage.station.records.announcements() == []

    # and the dismissal counts in the precision figure of the grid
    figures = await cast["Fang"].looks("/measures/precision")
    (grid,) = [one for one in figures["items"] if one["key"] == GRID]
    assert (grid["right"]["k"], grid["right"]["n"]) == (0, 1)
    assert grid["reasons"] == [[REASON, 1]]

    # and no alert comes again for the same crowd within five minutes
    await street.sees(SCOOTERS, 300.0)
    assert street.state == "AIRBORNE", "it still flies and looks"
    assert len(street.told("alert.raised")) == 1

    # but what still stands there after that is asked about again
    await street.sees(SCOOTERS, 60.0)
    assert len(street.told("alert.raised")) == 2


async def test_a_crowd_where_a_false_alarm_was_is_alerted_once_the_five_minutes_are_over(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(SCOOTERS, 60.0)
    (raised,) = street.told("alert.raised")
    await cast["Chen"].does(f"/alerts/{raised['alert']}/dismiss", reason=REASON)

    # When the place is empty, and people come while it is still silent
    await street.sees(0, 100.0)
    await street.sees(PEOPLE, 190.0)
    assert len(street.told("alert.raised")) == 1

    # Then they are alerted when it is over
    await street.sees(PEOPLE, 60.0)
    assert len(street.told("alert.raised")) == 2


async def test_a_crowd_that_comes_where_a_candidate_dissolved_is_alerted(stage: Stage) -> None:
    street, cast = stage.street, stage.cast
    await street.patrol(cast["Zheng"], cast["Hong"])

    # Given some who stood there too briefly for the rule
    await street.sees(SCOOTERS, 12.0)
    await street.sees(0, 70.0)
    assert len(street.told("sighting")) == 1

    # When a crowd comes at once, the aircraft does not stop for it on the spot
    await street.sees(PEOPLE, 40.0)
    assert len(street.told("sighting")) == 1

    # Then it does so after a moment, and there is an alert
    await street.sees(PEOPLE, 60.0)
    assert len(street.told("alert.raised")) == 1


async def test_the_five_minutes_hold_for_the_next_sortie_too(stage: Stage) -> None:
    street, cast = stage.street, stage.cast
    first = await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(SCOOTERS, 40.0)
    (raised,) = street.told("alert.raised")
    since_s = street.clock.now_s
    await cast["Chen"].does(f"/alerts/{raised['alert']}/dismiss", reason=REASON)
    await street.lands(cast["Hong"])
    for name, role in (("Hong", "PILOT"), ("Chen", "REG")):
        await cast[name].does(f"/sorties/{first}/sign", role=role)
    assert await street.patrol(cast["Zheng"], cast["Hong"]) != first

    # When the same crowd stands there, it is silent as long as it would be in one sortie
    await street.sees(SCOOTERS, 290.0 - (street.clock.now_s - since_s))
    assert len(street.told("alert.raised")) == 1
    assert len(street.told("sighting")) == 1, "nor does the aircraft stop for it"

    # Then it is alerted again
    await street.sees(SCOOTERS, 60.0)
    assert len(street.told("alert.raised")) == 2
