"""An alert that nobody answers is told to the next one up, also when its sortie is long over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState
from tests.ground_core import SYSTEM, a_plan, an_alert
from tests.wire.test_web_api import ALERT, House
from tests.wire.test_web_api import house as house

EARLIER = "M-0-S01"

pytestmark = pytest.mark.anyio


async def _has_left_one(house: House, *, aircraft: str = "GP-1") -> None:
    """A sortie before this one ended without anybody's answer to its alert."""
    alert = replace(an_alert(), sortie=EARLIER, aircraft=aircraft)
    await house.records.save_alert(
        alert, cause=SYSTEM, at_utc=house.clock.now_utc(), action="alert.raised"
    )


async def _told_after(house: House, seconds: float) -> list[tuple[str, int]]:
    """The sorties and numbers of what is told of unanswered alerts."""
    house.clock.now_s += seconds
    await house.minder.look()
    await house.chronicle.settled()
    return [
        (event["sortie"], event["number"])
        for event in house.board.state()["story"] if event["event"] == "alert.renotified"
    ]  # fmt: skip


@pytest.mark.parametrize("is_flying", [True, False])
async def test_an_alert_of_a_sortie_before_is_told_again(house: House, is_flying: bool) -> None:
    await _has_left_one(house)
    if is_flying:
        house.crowd.begin("M-1-S01", a_plan(), None)  # type: ignore[arg-type]
    assert await _told_after(house, 59.0) == []
    assert await _told_after(house, 2.0) == [(EARLIER, 1)]
    assert await _told_after(house, 60.0) == [(EARLIER, 1)]
    assert await _told_after(house, 60.0) == [(EARLIER, 1), (EARLIER, 2)]
    assert await _told_after(house, 600.0) == [(EARLIER, 1), (EARLIER, 2)]
    kept = await house.records.alert(ALERT)
    assert kept is not None
    assert kept.renotified_count == 2


async def test_the_next_sortie_does_not_end_the_clock_of_an_alert(house: House) -> None:
    await house.has_alert()
    held = house.crowd.watch
    assert held is not None
    held.alerts[ALERT] = replace(held.alerts[ALERT], aircraft="GP-1")
    assert len(await _told_after(house, 61.0)) == 1
    house.crowd.begin("M-1-S01", a_plan(), None)  # type: ignore[arg-type]
    assert len(await _told_after(house, 120.0)) == 2


async def test_what_a_person_has_answered_meanwhile_is_told_no_more(house: House) -> None:
    await _has_left_one(house)
    assert await _told_after(house, 1.0) == []
    assert (await house.post(f"/alerts/{ALERT}/acknowledge")).status_code == 200
    assert await _told_after(house, 600.0) == []
    kept = await house.records.alert(ALERT)
    assert kept is not None
    assert kept.state is AlertState.ACKNOWLEDGED


async def test_another_aircrafts_alert_is_left_to_its_own_minder(house: House) -> None:
    await _has_left_one(house, aircraft="GP-2")
    assert await _told_after(house, 600.0) == []


@pytest.mark.parametrize("is_flying", [True, False])
async def test_a_critical_crowd_of_a_sortie_before_that_the_centre_has_is_told_again_too(
    house: House, is_flying: bool
) -> None:
    handed_on = replace(
        an_alert(), sortie=EARLIER, aircraft="GP-1", level=AlertLevel.CRITICAL,
        state=AlertState.ESCALATED, case_no="HJ20261124X001000011",
    )  # fmt: skip
    await house.records.save_alert(
        handed_on, cause=SYSTEM, at_utc=house.clock.now_utc(), action="alert.filed"
    )
    if is_flying:
        house.crowd.begin("M-1-S01", a_plan(), None)  # type: ignore[arg-type]
    assert await _told_after(house, 61.0) == [(EARLIER, 1)]
    assert (await house.post(f"/alerts/{ALERT}/acknowledge")).status_code == 200
    assert await _told_after(house, 600.0) == [(EARLIER, 1)]
