"""Alerts of every kind and level, by sightings as the rules of DOMAIN 4.3 would give them.

The eye measures gatherings only; densities, queues and growth are stood in for by their sightings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ground_station.alarms import same_crowd
from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, CrowdAlert
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState, Severity
from ground_station.legal import LegalBook
from ground_station.owners import Tier
from ground_station.switchboard import Switchboard
from patrol.errors import Refused
from patrol.geo import offset
from patrol.sighting import Sighting, SightingKind
from tests.ground_core import PLACE, SYSTEM, a_plan, a_sighting
from tests.wire.test_centre_api import ok
from tests.wire.test_desks import audit_rows, sees
from tests.wire.test_overrides import HALF_PAST_TEN_AT_NIGHT_S
from tests.wire.test_patrol_words import on_patrol
from tests.wire.test_web_api import House, house
from tests.wire.test_words_api import codes

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
EXIT = {"方向": "东侧出口"}


def seen(
    house: House, kind: SightingKind = SightingKind.DENSITY, density: float | None = None,
    number: int = 1,
) -> Sighting:  # fmt: skip
    rule = f"HJ-CROWD-1/{kind.value.lower()}"
    return replace(
        a_sighting(60.0), kind=kind, rule=rule, sighting_id=f"S-{number}", place=PLACE,
        time_utc=house.clock.now_utc(), density_high_per_m2=density,
    )  # fmt: skip


async def raised(house: House, sighting: Sighting) -> list[CrowdAlert]:
    """The sortie's alerts after the rule has spoken."""
    assert house.crowd.watch is not None
    await house.crowd.raise_alert(house.crowd.watch, sighting)
    await house.chronicle.settled()
    return list(house.crowd.watch.alerts.values())


def under(house: House, legal: LegalBook) -> None:
    alarms, drafting = house.crowd._alarms, house.speaking.drafting
    alarms._parts = replace(alarms._parts, legal=legal)
    drafting._parts = replace(drafting._parts, legal=legal)


async def critical(house: House) -> tuple[CrowdAlert, Case]:
    """A critical density on patrol, handed on by the system."""
    on_patrol(house)
    (alert,) = await raised(house, seen(house, density=5.2))
    await house.until(lambda: "alert.escalated" in house.told())
    (case,) = await house.records.cases()
    return alert, case


async def the_alert(house: House, number: str) -> CrowdAlert:
    kept = await house.records.alert(number)
    assert kept is not None
    return kept


@pytest.mark.parametrize(
    ("kind", "density", "level"),
    [
        (SightingKind.DENSITY, 2.0, AlertLevel.AMBER),
        (SightingKind.DENSITY, 3.5, AlertLevel.RED),
        (SightingKind.DENSITY, 5.0, AlertLevel.CRITICAL),
        (SightingKind.QUEUE, None, AlertLevel.AMBER),
        (SightingKind.GROWTH, None, AlertLevel.AMBER),
    ],
)
async def test_what_may_hurt_people_needs_no_order_and_has_the_level_of_its_rule(
    house: House, kind: SightingKind, density: float | None, level: AlertLevel
) -> None:
    on_patrol(house)
    under(house, LegalBook())
    (alert,) = await raised(house, seen(house, kind, density))
    assert (alert.level, alert.kind, alert.legal_basis_id) == (level, kind, "")
    assert (alert.rule, alert.density_high_per_m2) == (f"HJ-CROWD-1/{kind.value.lower()}", density)
    kept = await the_alert(house, alert.alert_id)
    assert (kept.level, kept.density_high_per_m2) == (level, density)
    assert await audit_rows(house, "alert.raised") == [(alert.rule, "SYS")]


@pytest.mark.parametrize(
    ("kind", "density"), [(SightingKind.GATHERING, None), (SightingKind.DENSITY, 1.9)]
)
async def test_a_gathering_without_an_order_and_a_loose_crowd_are_told_and_asked_of_nobody(
    house: House, kind: SightingKind, density: float | None
) -> None:
    on_patrol(house)
    under(house, LegalBook())
    assert await raised(house, seen(house, kind, density)) == []
    await house.until(lambda: "gathering.noted" in house.told())
    assert await house.records.alerts() == []


async def test_a_density_that_nobody_measured_is_neither_safe_nor_critical(house: House) -> None:
    on_patrol(house)
    with pytest.raises(Refused, match="unknown is not crowded"):
        await raised(house, seen(house))


async def test_safety_words_are_for_a_dense_crowd_where_no_order_is_and_orders_are_not(
    house: House,
) -> None:
    on_patrol(house)
    under(house, LegalBook())
    (alert,) = await raised(house, seen(house, density=3.6))
    path = f"/alerts/{alert.alert_id}"
    await ok(await house.post(f"{path}/acknowledge"))
    ordered = await house.post(f"{path}/announce", "ANNC", template="T01")
    assert "release.no_gathering_order" in codes(ordered)
    assert "release.critical_density" in codes(
        await house.post(f"{path}/announce", "ANNC", template="T04")
    )
    body = await ok(await house.post(f"{path}/announce", "ANNC", template="T03", values=EXIT), 202)
    await house.until(lambda: body["id"] in house.speaker.played)


async def test_a_critical_crowd_waits_for_nobody_its_case_is_the_centres_at_once(
    house: House,
) -> None:
    alert, case = await critical(house)
    assert (case.severity, case.tier, case.state) == (
        Severity.CRITICAL, Tier.DISTRICT, CaseState.DISPATCHED
    )  # fmt: skip
    assert (case.kind, case.alert_id, case.count.estimate) == ("DENSITY", alert.alert_id, 60.0)
    assert case.owner.person
    kept = await the_alert(house, alert.alert_id)
    assert (kept.state, kept.case_no) == (AlertState.ESCALATED, case.case_no)
    assert await audit_rows(house, "alert.filed") == [("alert.critical", "SYS")]
    await house.until(lambda: "alert.escalated" in house.told())
    (told,) = [e for e in house.board.state()["story"] if e["event"] == "alert.escalated"]
    assert ("practice centre" in told["reason"], "实践中心" in told["reason_zh"]) == (True, True)


async def test_it_is_still_acknowledged_and_spoken_to_at_night_by_an_announcer_alone(
    house: House,
) -> None:
    house.clock.now_s += HALF_PAST_TEN_AT_NIGHT_S
    alert, case = await critical(house)
    path = f"/alerts/{alert.alert_id}"
    early = await house.post(f"{path}/announce", "ANNC", template="T04")
    assert (early.status_code, "acknowledge it before" in early.json()["error"]) == (409, True)
    await ok(await house.post(f"{path}/acknowledge"))
    assert (await house.post(f"{path}/acknowledge")).status_code == 409, "once"
    body = await ok(await house.post(f"{path}/announce", "ANNC", template="T04"), 202)
    await house.until(lambda: body["id"] in house.speaker.played)
    await house.until(lambda: "announcement.played" in house.told())
    kept = await the_alert(house, alert.alert_id)
    assert (kept.state, kept.acknowledged_by) == (AlertState.OBSERVING, "Wu")
    await sees(house, 30, 620.0)
    await house.until(lambda: "effect" in house.told())
    kept = await the_alert(house, alert.alert_id)
    assert (kept.state, kept.case_no) == (AlertState.ESCALATED, case.case_no)
    assert len(await house.records.cases()) == 1, "it is one case, whatever was said"


async def test_when_nobody_of_the_squad_acknowledges_it_the_next_one_up_is_told(
    house: House,
) -> None:
    alert, _ = await critical(house)
    for seconds, times in ((59.0, 0), (2.0, 1), (120.0, 2), (600.0, 2)):
        house.clock.now_s += seconds
        await house.minder.look()
        await house.chronicle.settled()
        assert house.told().count("alert.renotified") == times
    await ok(await house.post(f"/alerts/{alert.alert_id}/acknowledge"))
    kept = await the_alert(house, alert.alert_id)
    assert (kept.state, kept.renotified_count) == (AlertState.ESCALATED, 2)


async def test_words_that_fail_leave_it_with_the_centre(house: House) -> None:
    alert, case = await critical(house)
    await ok(await house.post(f"/alerts/{alert.alert_id}/acknowledge"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(house.speaker, "play", _unreachable)
        await ok(
            await house.post(f"/alerts/{alert.alert_id}/announce", "ANNC", template="T04"), 202
        )
        await house.until(lambda: "announcement.failed" in house.told())
    kept = await the_alert(house, alert.alert_id)
    assert (kept.state, kept.case_no) == (AlertState.ESCALATED, case.case_no)


async def _unreachable(*_: object, **__: object) -> Any:  # noqa: ANN401
    raise Refused("the horn is gone", text_zh="扬声器不可用")


async def test_what_a_person_handed_on_is_the_grids_and_not_spoken_to_any_more(
    house: House,
) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, SightingKind.QUEUE))
    path = f"/alerts/{alert.alert_id}"
    await ok(await house.post(f"{path}/acknowledge"))
    await ok(await house.post(f"{path}/escalate", "REG", reason="a fair"))
    assert (await house.post(f"{path}/acknowledge")).status_code == 409
    assert (await house.post(f"{path}/announce", "ANNC", template="T06")).status_code == 409


async def test_a_crowd_that_gets_graver_is_the_same_alert_lifted_and_no_second_one(
    house: House,
) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, SightingKind.GATHERING))
    assert alert.level is AlertLevel.AMBER
    await ok(await house.post(f"/alerts/{alert.alert_id}/acknowledge"))
    (red,) = await raised(house, seen(house, density=3.7, number=2))
    assert (red.alert_id, red.level, red.kind, red.state) == (
        alert.alert_id, AlertLevel.RED, SightingKind.DENSITY, AlertState.ACKNOWLEDGED
    )  # fmt: skip
    assert red.sighting_ids == ("S-1", "S-2")
    (same,) = await raised(house, seen(house, density=2.5, number=3))
    assert same == red, "what eases is not told as a new alarm"
    (worst,) = await raised(house, seen(house, density=6.0, number=4))
    assert worst.level is AlertLevel.CRITICAL
    await house.until(lambda: "alert.escalated" in house.told())
    assert house.told().count("alert.raised") == 1
    assert house.told().count("alert.lifted") == 2
    assert (await the_alert(house, alert.alert_id)).case_no
    await raised(house, seen(house, density=6.5, number=5))
    assert len(await house.records.cases()) == 1
    assert await audit_rows(house, "alert.lifted") == [("HJ-CROWD-1/density", "SYS")] * 2


async def test_a_false_alarm_keeps_no_graver_one_from_being_told(house: House) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, SightingKind.GATHERING))
    await ok(await house.post(f"/alerts/{alert.alert_id}/dismiss", reason="scooters"))
    assert len(await raised(house, seen(house, SightingKind.QUEUE, number=2))) == 1
    _, second = await raised(house, seen(house, density=3.6, number=3))
    assert (second.level, second.state) == (AlertLevel.RED, AlertState.RAISED)


@pytest.mark.parametrize("is_adopted", [True, False])
async def test_a_critical_alert_that_a_killed_station_left_is_handed_on_by_the_next(
    house: House, *, is_adopted: bool
) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, density=3.6))
    left = replace(alert, level=AlertLevel.CRITICAL)
    assert house.crowd.watch is not None
    runner, now = house.crowd.watch.runner, house.clock.now_utc()
    await house.records.save_alert(left, cause=SYSTEM, at_utc=now, action="x")
    if is_adopted:
        house.crowd.begin(alert.sortie, a_plan(), runner, [left], is_adopted=True)
    else:
        house.crowd.begin("M-2", a_plan(), runner)
        await house.minder.look()
    await house.until(lambda: "alert.escalated" in house.told())
    (case,) = await house.records.cases()
    assert (case.severity, case.alert_id) == (Severity.CRITICAL, alert.alert_id)


async def test_a_landing_hands_on_what_could_not_be_handed_on_before(house: House) -> None:
    on_patrol(house)
    (alert,) = await raised(house, seen(house, density=3.6))
    left = replace(alert, level=AlertLevel.CRITICAL)
    assert house.crowd.watch is not None
    house.crowd.watch.alerts[alert.alert_id] = left
    await house.records.save_alert(
        left, cause=SYSTEM, at_utc=house.clock.now_utc(), action="x"
    )  # fmt: skip
    await house.crowd.end()
    (case,) = await house.records.cases()
    assert case.severity is Severity.CRITICAL


async def test_another_aircrafts_alert_answers_only_for_what_is_no_graver(house: House) -> None:
    on_patrol(house)
    await raised(house, seen(house, SightingKind.GATHERING))

    class Unit:
        aircraft, crowd = "GP-1", house.crowd

    units: Any = [Unit()]
    board, there = Switchboard(units, plans=house.plans, records=house.records), seen(house)
    assert board.is_anothers(there, AlertLevel.AMBER, "GP-2")
    assert not board.is_anothers(there, AlertLevel.RED, "GP-2")
    far = replace(there, place=offset(PLACE, east_m=60.0, north_m=0.0))
    assert not board.is_anothers(far, AlertLevel.AMBER, "GP-2")
    assert same_crowd([], there) is None


async def test_a_critical_crowd_that_nobody_has_answered_is_one_alert_and_one_case(
    house: House,
) -> None:
    alert, case = await critical(house)
    house.clock.now_s += 301.0
    (same,) = await raised(house, seen(house, density=5.5, number=2))
    assert (same.alert_id, len(await house.records.cases())) == (alert.alert_id, 1)
    assert case.alert_id == alert.alert_id
