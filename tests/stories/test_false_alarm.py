"""Story 6, false alarm: a registrar says that these are no people, and that counts and is kept."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Stage
from tests.stories.street import GRID

pytestmark = pytest.mark.anyio
SCOOTERS = 24
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
