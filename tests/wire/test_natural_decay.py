"""Effects beyond one announcement: crowds nobody spoke to, crowds that come back or move on."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from ground_station.alerts import AlertState, Outcome
from ground_station.out.book import Language
from ground_station.out.drawing import draw_effect
from ground_station.sorties import EffectRecord
from patrol.geo import offset
from patrol.sighting import Sighting, poisson_count
from tests.ground_core import REGISTRAR, SORTIE, SYSTEM, a_sighting
from tests.ground_story import fly_the_story, land_and_sign
from tests.unit.test_effect import PLACE
from tests.wire.test_centre_api import ok
from tests.wire.test_desks import flying_with_an_alert, land, look, sees, spoken, state
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def seen_and_acknowledged(house: House) -> str:
    """A crowd of 30 that was counted for a minute, and somebody who has taken the alert."""
    sortie = await flying_with_an_alert(house)
    await sees(house, 30, 60.0)
    await ok(await house.post(f"/alerts/{ALERT}/acknowledge"))
    return sortie


async def stopped_words(house: House) -> None:
    house.is_near(offset(PLACE, east_m=200.0, north_m=0.0))
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert answer.status_code == 409, answer.text


async def the_effect(house: House, sortie: str) -> EffectRecord:
    with anyio.fail_after(5.0):
        while not (kept := await house.records.effects(sortie)):
            await anyio.sleep(0.01)
    (effect,) = kept
    return effect


async def test_a_crowd_whose_words_were_blocked_is_watched_by_the_same_meter(
    house: House,
) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 30.0)
    await stopped_words(house)
    blocked_utc = house.clock.now_utc()
    await sees(house, 30, 620.0)
    effect = await the_effect(house, sortie)
    assert effect.is_natural
    assert (effect.effect_id, effect.announcement_ids) == (f"{ALERT}-N", ())
    assert effect.observing_since_utc == blocked_utc, "counted from the block, not from before"
    assert [sample.dt_s for sample in effect.samples] == [60.0, 180.0, 300.0, 600.0]
    assert all(sample.count.is_valid for sample in effect.samples)
    assert (effect.verdict, effect.reason) == (
        Outcome.PERSISTING, "not dispersed 600 s after the words were blocked"
    )  # fmt: skip
    assert (effect.template_id, effect.template_version) == ("", None)
    assert "nobody spoke" in draw_effect(effect, Language.EN)
    assert state(house) is AlertState.ACKNOWLEDGED, "what it does by itself settles no alert"
    await house.until(lambda: "effect.natural" in house.told())
    assert house.told().count("effect") == 0


async def test_a_crowd_that_leaves_by_itself_is_a_decay_and_no_success_of_words(
    house: House,
) -> None:
    sortie = await seen_and_acknowledged(house)
    await look(house, 1, after_s=10.0)
    assert await house.records.effects(sortie) == [], "one count says nothing"
    await sees(house, 1, 140.0)
    effect = await the_effect(house, sortie)
    assert (effect.verdict, effect.is_natural) == (Outcome.DISPERSED, True)
    assert effect.dispersed_after_s is not None
    assert 0.0 < effect.dispersed_after_s < 60.0
    assert (effect.residual_ratio or 0.0) < 0.5
    assert effect.valid_pct == 100.0
    assert effect.hour == "09"
    await sees(house, 1, 60.0)
    assert len(await house.records.effects(sortie)) == 1


async def test_words_after_all_end_the_watch_and_are_measured_instead(house: House) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 30.0)
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert answer.status_code == 202, answer.text
    await house.until(lambda: "announcement.played" in house.told())
    await sees(house, 1, 150.0)
    effect = await the_effect(house, sortie)
    assert not effect.is_natural
    assert (effect.template_id, effect.template_version, effect.hour) == ("T01", 1, "09")
    assert effect.residual_ratio is not None
    assert effect.valid_pct == 100.0
    assert effect.dispersed_after_s is not None


async def test_a_false_alarm_is_no_decay(house: House) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 90.0)
    await ok(await house.post(f"/alerts/{ALERT}/dismiss", reason="scooters"))
    await sees(house, 30, 30.0)
    assert await house.records.effects(sortie) == []


@pytest.mark.parametrize("how", ["handed on", "landed"])
async def test_a_watch_that_ends_early_says_so(house: House, how: str) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 100.0)
    if how == "landed":
        await land(house)
    else:
        await ok(await house.post(f"/alerts/{ALERT}/escalate", reason="a fair"))
        await look(house, 30)
    effect = await the_effect(house, sortie)
    assert (effect.verdict, effect.reason) == (Outcome.PERSISTING, "not observed to the end")
    assert [sample.count.is_valid for sample in effect.samples] == [True, False, False, False]


async def test_without_a_count_before_nothing_is_said(house: House) -> None:
    sortie = await flying_with_an_alert(house)
    await ok(await house.post(f"/alerts/{ALERT}/acknowledge"))
    await sees(house, 30, 650.0)
    assert await house.records.effects(sortie) == []


async def dispersed(house: House) -> EffectRecord:
    """Spoken to, and gone."""
    sortie = await flying_with_an_alert(house)
    await sees(house, 30, 60.0)
    await spoken(house)
    await sees(house, 1, 150.0)
    return await the_effect(house, sortie)


async def a_crowd(house: House, *, east_m: float) -> Sighting:
    await house.records.next_id("A", house.clock.now_utc())  # the first alert's was made by hand
    return replace(
        a_sighting(), sighting_id="S-2", time_utc=house.clock.now_utc(),
        place=offset(PLACE, east_m=east_m, north_m=0.0), count=poisson_count(28.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("east_m", "after_s", "link"),
    [
        (5.0, 600.0, "relapse"),
        (60.0, 600.0, "displaced"),
        (60.0, 1900.0, ""),
        (130.0, 600.0, ""),
    ],
)
async def test_a_crowd_that_is_back_or_next_door_is_linked_both_ways(
    house: House, east_m: float, after_s: float, link: str
) -> None:
    effect = await dispersed(house)
    house.clock.now_s += after_s
    watch = house.crowd.watch
    assert watch is not None
    await house.crowd._raised(watch, await a_crowd(house, east_m=east_m))
    raised = await house.records.alert(watch.alert_id or "")
    assert raised is not None
    assert raised.alert_id != ALERT
    assert (raised.relapse_of, raised.displaced_from) == (
        ALERT if link == "relapse" else "", ALERT if link == "displaced" else ""
    )  # fmt: skip
    if link:
        await house.until(lambda: "effect.followed" in house.told())
    kept = await the_effect(house, effect.sortie)
    assert kept.relapse_alert_id == (raised.alert_id if link == "relapse" else "")
    assert kept.displaced_alert_id == (raised.alert_id if link == "displaced" else "")


async def test_a_crowd_next_door_while_the_words_still_work_is_in_their_record(
    house: House,
) -> None:
    sortie = await flying_with_an_alert(house)
    await sees(house, 30, 60.0)
    await spoken(house)
    watch = house.crowd.watch
    assert watch is not None
    await house.crowd._raised(watch, await a_crowd(house, east_m=50.0))
    moved = watch.alert_id
    assert moved != ALERT
    await sees(house, 1, 150.0)
    effect = await the_effect(house, sortie)
    assert effect.displaced_alert_id == moved


async def test_a_closed_log_stays_as_it_is_and_the_link_is_appended(house: House) -> None:
    await fly_the_story(house.records)
    await land_and_sign(house.records)
    await house.records.close_log(SORTIE, cause=REGISTRAR, at_utc=house.clock.now_utc())
    (before,) = await house.records.effects(SORTIE)
    new = replace(
        (await house.records.alerts())[0], alert_id="A-20261124-0002", sortie="M-2",
        relapse_of=ALERT,
    )  # fmt: skip
    await house.records.save_alert(new, cause=SYSTEM, at_utc=house.clock.now_utc(), action="x")
    await house.effects._book._follow(new)
    assert await house.records.effects(SORTIE) == [before]
    rows = await house.records._store.read(
        lambda c: c.exec_driver_sql("SELECT text FROM corrections").fetchall()
    )
    assert [str(row[0]) for row in rows] == ["F-1: relapse_alert_id A-20261124-0002"]
