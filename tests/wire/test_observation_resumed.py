"""A station that is started again observes what is left; what it missed is not seen, never zero."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from ground_station.alerts import AlertState, Outcome
from ground_station.sorties import EffectRecord
from missions.runner import SortieRunner
from tests.ground_core import a_plan
from tests.house_fakes import no_findings
from tests.persons import with_token
from tests.wire.test_desks import flying_with_an_alert, look, sees, spoken
from tests.wire.test_natural_decay import seen_and_acknowledged, stopped_words
from tests.wire.test_patrol_words import press
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def next_run(before: House, *, after_s: float) -> AsyncIterator[House]:
    """The next run of the station, so long after the one before saw its last look."""
    house = House(before.folder, before.records, before.telemetry)
    house.clock.now_s = before.clock.now_s + after_s
    async with anyio.create_task_group() as tasks:
        for run in (house.chronicle.run, house.crowd.run, house.web.run):
            tasks.start_soon(run)
        token = await with_token(before.book, "Zhao")
        house.http.headers.update({"Authorization": f"Bearer {token}"})
        await anyio.wait_all_tasks_blocked()
        yield house
        for client in house.clients:
            await client.aclose()
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def again(before: House, sortie: str, *, after_s: float) -> AsyncIterator[House]:
    """It finds the sortie in the air."""
    async with next_run(before, after_s=after_s) as house:
        runner = SortieRunner(
            plan=a_plan(), vehicle=house.vehicle, bus=house.bus, world=house.clock,
            wall=house.clock, sortie_id=sortie, preflight=no_findings,
        )  # fmt: skip
        alerts = list(reversed(await before.records.alerts(sortie)))
        house.crowd.begin(sortie, a_plan(), runner, alerts, is_adopted=True)
        await anyio.wait_all_tasks_blocked()
        yield house


async def effects(house: House, sortie: str) -> list[EffectRecord]:
    await house.chronicle.settled()
    return await house.records.effects(sortie)


async def spoken_to(house: House) -> str:
    """A crowd of 30 was counted and spoken to, and stood there a minute later."""
    sortie = await flying_with_an_alert(house)
    await sees(house, 30, 60.0)
    await spoken(house)
    await sees(house, 30, 100.0)
    return sortie


def is_seen(effect: EffectRecord) -> list[bool]:
    return [sample.count.is_valid for sample in effect.samples]


async def test_what_is_left_of_an_observation_is_observed_and_what_was_missed_is_not_zero(
    house: House,
) -> None:
    sortie = await spoken_to(house)
    async with again(house, sortie, after_s=110.0) as later:
        await later.until(lambda: "effect.resumed" in later.told())
        await sees(later, 30, 430.0)
        (effect,) = await effects(later, sortie)
        alert = await later.records.alert(ALERT)
    assert is_seen(effect) == [True, False, True, True]
    assert effect.before is not None
    assert effect.before.estimate == 30.0
    assert [one.count.estimate for one in effect.samples] == [30.0, 0.0, 30.0, 30.0]
    assert effect.samples[1].count.reason == "not observed"
    assert (effect.verdict, effect.reason) == (
        Outcome.PERSISTING, "not dispersed 600 s after the words"
    )  # fmt: skip
    assert effect.valid_pct is None, "the looks before the restart are gone"
    assert alert is not None
    assert alert.state is AlertState.ESCALATED


async def test_a_crowd_that_goes_after_the_restart_has_dispersed(house: House) -> None:
    sortie = await spoken_to(house)
    async with again(house, sortie, after_s=10.0) as later:
        await later.until(lambda: "effect.resumed" in later.told())
        await sees(later, 30, 20.0)
        await sees(later, 1, 150.0)
        (effect,) = await effects(later, sortie)
    assert effect.verdict is Outcome.DISPERSED
    assert effect.residual_ratio is not None
    assert effect.residual_ratio < 0.1
    assert effect.dispersed_after_s is not None
    assert effect.dispersed_after_s > 110.0


async def test_when_the_time_is_over_what_was_seen_stands_and_the_rest_is_not_seen(
    house: House,
) -> None:
    sortie = await spoken_to(house)
    async with again(house, sortie, after_s=700.0) as later:
        await later.until(lambda: "effect" in later.told())
        (effect,) = await effects(later, sortie)
    assert is_seen(effect) == [True, False, False, False]
    assert effect.verdict is Outcome.PERSISTING
    assert "broken off" in effect.reason
    assert effect.before is not None


async def test_what_was_seen_is_kept_when_it_landed_while_no_station_was_there(
    house: House,
) -> None:
    sortie = await spoken_to(house)
    async with next_run(house, after_s=300.0) as later:
        for _ in range(2):  # signing asks again and again
            await later.cases.settle(sortie)
        (effect,) = await effects(later, sortie)
    assert is_seen(effect) == [True, False, False, False]
    assert (effect.verdict, effect.reason) == (Outcome.PERSISTING, "not observed to the end")
    assert effect.before is not None


async def test_a_crowd_that_nobody_spoke_to_is_watched_on_after_a_restart(house: House) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 100.0)
    async with again(house, sortie, after_s=110.0) as later:
        await sees(later, 30, 430.0)
        (effect,) = await effects(later, sortie)
        assert (effect.is_natural, effect.verdict) == (True, Outcome.PERSISTING)
        assert effect.reason == "not dispersed 600 s after it was acknowledged, unspoken to"
        assert is_seen(effect) == [True, False, True, True]
    async with again(later, sortie, after_s=10.0) as last:
        await sees(last, 1, 200.0)
        assert await effects(last, sortie) == [effect], "once"


async def test_a_watch_that_was_begun_anew_does_not_take_the_looks_of_the_one_before(
    house: House,
) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 90.0)
    await stopped_words(house)
    await look(house, 30, after_s=10.0)
    async with again(house, sortie, after_s=100.0) as later:
        await sees(later, 30, 600.0)
        (effect,) = await effects(later, sortie)
    assert effect.reason == "not dispersed 600 s after the words were blocked"
    assert is_seen(effect) == [False, True, True, True]


async def test_a_crowd_that_the_patrol_spoke_to_is_not_watched_on_as_left_alone(
    house: House,
) -> None:
    sortie = await seen_and_acknowledged(house)
    await sees(house, 30, 80.0)
    assert (await press(house, "T06")).status_code == 202
    await house.until(lambda: bool(house.speaker.played))
    async with again(house, sortie, after_s=10.0) as later:
        await sees(later, 30, 650.0)
        assert await effects(later, sortie) == []
