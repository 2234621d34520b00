"""What became of a crowd that was spoken to is recorded, also when it was handed on meanwhile."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from ground_station.alerts import AlertState
from ground_station.sorties import EffectRecord
from patrol.sighting import SightingKind
from tests.ground_core import SORTIE
from tests.wire.test_centre_api import ok
from tests.wire.test_critical_crowds import EXIT, raised, seen, the_alert
from tests.wire.test_desks import sees
from tests.wire.test_patrol_words import on_patrol
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def spoken_to(house: House) -> str:
    """A dense crowd that has heard words and is observed."""
    on_patrol(house)
    (alert,) = await raised(house, seen(house, density=3.6))
    path = f"/alerts/{alert.alert_id}"
    await ok(await house.post(f"{path}/acknowledge"))
    await sees(house, 30, 5.0)
    await ok(await house.post(f"{path}/announce", "ANNC", template="T03", values=EXIT), 202)
    await house.until(lambda: "announcement.played" in house.told())
    return alert.alert_id


async def the_effect(house: House) -> EffectRecord:
    (kept,) = await house.records.effects(SORTIE)
    return kept


@pytest.mark.parametrize("is_critical", [True, False])
async def test_a_crowd_that_is_handed_on_while_it_is_observed_keeps_its_effect(
    house: House, *, is_critical: bool
) -> None:
    alert_id = await spoken_to(house)
    if is_critical:
        await raised(house, seen(house, SightingKind.DENSITY, 5.4, number=2))
        await house.until(lambda: "alert.escalated" in house.told())
    else:
        await ok(await house.post(f"/alerts/{alert_id}/escalate", "REG", reason="a fair"))
    assert (await the_alert(house, alert_id)).state is AlertState.ESCALATED
    await sees(house, 30, 700.0)
    await house.until(lambda: "effect" in house.told())
    effect = await the_effect(house)
    assert (effect.alert_id, effect.template_id) == (alert_id, "T03")
    assert effect.verdict is not None
    assert (await the_alert(house, alert_id)).state is AlertState.ESCALATED


async def test_one_that_lands_before_its_verdict_keeps_what_was_seen(house: House) -> None:
    alert_id = await spoken_to(house)
    await ok(await house.post(f"/alerts/{alert_id}/escalate", "REG", reason="a fair"))
    await sees(house, 30, 100.0)
    await house.crowd.end()
    assert (await the_effect(house)).alert_id == alert_id


async def test_one_that_is_handed_on_while_it_is_spoken_to_is_observed_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, density=3.6))
    path, go_on, play = f"/alerts/{alert.alert_id}", anyio.Event(), house.speaker.play

    async def waits(*words: Any, **how: Any) -> Any:  # noqa: ANN401
        await go_on.wait()
        return await play(*words, **how)

    monkeypatch.setattr(house.speaker, "play", waits)
    await ok(await house.post(f"{path}/acknowledge"))
    await sees(house, 30, 5.0)
    await ok(await house.post(f"{path}/announce", "ANNC", template="T03", values=EXIT), 202)
    await raised(house, seen(house, density=5.4, number=2))
    await house.until(lambda: "alert.escalated" in house.told())
    go_on.set()
    await house.until(lambda: "announcement.played" in house.told())
    await sees(house, 30, 700.0)
    await house.until(lambda: "effect" in house.told())
    assert (await the_effect(house)).alert_id == alert.alert_id
