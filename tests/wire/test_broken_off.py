"""A station that was ended in the middle of an announcement or its observation says so."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from ground_station.alerts import AlertEvent, AlertState, CrowdAlert, Outcome
from ground_station.announcements import AnnouncementEvent, AnnouncementState, Sound, advance
from ground_station.sorties import EffectRecord
from patrol.crowds import KnownCrowds, SeenCrowds
from patrol.geo import offset
from tests.ground_core import PLACE, SYSTEM, an_observed_alert, later
from tests.ground_story import an_announcement
from tests.wire.test_adoption import FLYING, SORTIE, adoption, left_behind
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # fixture

pytestmark = pytest.mark.anyio


async def killed_while(house: House, state: AlertState) -> CrowdAlert:
    """An earlier run had launched this sortie, raised this alert and spoken these words."""
    house.vehicle.plan = await left_behind(house)
    alert = replace(
        an_observed_alert(AlertEvent.PERSIST), sortie=SORTIE, state=state, outcome=None,
        outcome_reason="",
    )  # fmt: skip
    await house.records.save_alert(alert, cause=SYSTEM, at_utc=later(20), action="alert.observing")
    words = replace(an_announcement(), sortie=SORTIE, alert_id=alert.alert_id)
    if state is AlertState.OBSERVING:
        sound = Sound(sha256=words.audio_sha256)
        words = advance(words, AnnouncementEvent.FINISH, SYSTEM, later(15), sound=sound)
        assert words.state is AnnouncementState.PLAYED
    await house.records.save_announcement(
        words, cause=SYSTEM, at_utc=later(20), action="announcement"
    )
    house.vehicle._sample = FLYING
    return alert


async def restarted(house: House) -> None:
    await adoption(house).run()
    await house.until(lambda: "sortie.adopted" in house.told())


async def effect_of(house: House) -> EffectRecord:
    with anyio.fail_after(5.0):
        while not (kept := await house.records.effects(SORTIE)):
            await anyio.sleep(0.01)
    return kept[0]


async def test_an_observation_in_progress_is_broken_off_in_words_and_has_its_case(
    house: House,
) -> None:
    alert = await killed_while(house, AlertState.OBSERVING)
    await restarted(house)
    effect = await effect_of(house)
    assert "broken off" in effect.reason
    assert (effect.verdict, effect.before, effect.after) == (Outcome.PERSISTING, None, None)
    assert not any(sample.count.is_valid for sample in effect.samples), "nobody was counted"
    await house.until(lambda: "case.filed" in house.told())
    kept = await house.records.alert(alert.alert_id)
    assert kept is not None
    assert "broken off" in kept.outcome_reason
    assert kept.state in (AlertState.PERSISTING, AlertState.ESCALATED)
    assert not [c for c in house.vehicle.commands if type(c).__name__ != "Recognise"]


async def test_words_that_were_being_spoken_count_as_not_heard_and_may_be_spoken_again(
    house: House,
) -> None:
    alert = await killed_while(house, AlertState.ANNOUNCING)
    await restarted(house)
    await house.until(lambda: "announcement.failed" in house.told())
    with anyio.fail_after(5.0):
        while True:
            kept = await house.records.alert(alert.alert_id)
            if kept is not None and kept.state is not AlertState.ANNOUNCING:
                break
            await anyio.sleep(0.01)
    words = await house.records.announcement("B-20261124-0001")
    assert words is not None
    assert words.state is AnnouncementState.FAILED
    assert "started again" in words.reason
    assert kept.state in (AlertState.ACKNOWLEDGED, AlertState.OBSERVING)


async def test_the_guardian_is_told_of_the_crowds_that_the_earlier_run_knew(house: House) -> None:
    alert = await killed_while(house, AlertState.OBSERVING)
    known = KnownCrowds()
    with house.bus.subscribe(SeenCrowds) as told:
        await restarted(house)
        with anyio.fail_after(5.0):
            known.see(await told.get())
    assert known.clearance_m([offset(PLACE, east_m=100.0, north_m=0.0)]) == pytest.approx(
        100.0 - alert.radius_m - alert.error_m, abs=0.5
    )


async def test_words_to_a_crowd_that_was_handed_on_meanwhile_are_not_left_playing(
    house: House,
) -> None:
    alert = await killed_while(house, AlertState.ESCALATED)
    await restarted(house)
    await house.until(lambda: "announcement.failed" in house.told())
    (words,) = await house.records.announcements(sortie_id=SORTIE)
    assert (words.state, "broken off" in words.reason) == (AnnouncementState.FAILED, True)
    kept = await house.records.alert(alert.alert_id)
    assert kept is not None
    assert kept.state is AlertState.ESCALATED, "it stays the grid's"
