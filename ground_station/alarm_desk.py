"""From a rule's finding to an alert of a level: raised once, lifted when it gets graver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import anyio

from ground_station.alarms import (
    GatheringEvent,
    displaced_from,
    raise_alert,
    raised_lately,
    relapsed_from,
    same_crowd,
    to_be_lifted,
)
from ground_station.alert_levels import AlertLevel, level_of
from ground_station.alerts import RE_ALARM, UNSETTLED, CrowdAlert, lift
from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import sighting_fields
from ground_station.hold_desk import HoldDesk
from ground_station.sortie_watch import SortieWatch
from patrol.cause import Cause, by_system
from patrol.sighting import Sighting, Stage

_EARLIER_ALERTS = 50  # far more than a half hour can hold
Raised = Callable[[CrowdAlert], Awaitable[None]]


class Desk(Protocol):
    """What this desk asks of the crowd desk."""

    changing: anyio.Lock

    def tell(self, name: str, fields: dict[str, Any]) -> None:
        """Show a recorded event."""
        ...

    def in_background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run beside the looks."""
        ...

    async def kept(self, work: Callable[[], Awaitable[None]]) -> None:
        """Try until it is done."""
        ...

    def resume_patrol(self, alert_id: str | None = None) -> None:
        """Go on at the break point."""
        ...

    def show_alerts(self, watch: SortieWatch) -> None:
        """As they are now."""
        ...


class AlarmDesk:
    """It raises and lifts; what people make of an alert is not its business."""

    def __init__(self, *, parts: CrowdParts, desk: Desk, hold: HoldDesk) -> None:
        self._parts = parts
        self._desk = desk
        self._hold = hold
        self._on_raised: list[Raised] = []
        self._on_critical: list[Raised] = []

    def on_raised(self, follow: Raised) -> None:
        """Let a desk know of each new alert, once it is on the disk."""
        self._on_raised.append(follow)

    def on_critical(self, follow: Raised) -> None:
        """Let a desk know of each alert that is critical or has become so."""
        self._on_critical.append(follow)

    def tell_critical(self, alert: CrowdAlert) -> None:
        """Have it followed, where it is critical, open and nobody's case yet."""
        if alert.level is AlertLevel.CRITICAL and alert.state in UNSETTLED and not alert.case_no:
            self._follow(self._on_critical, alert)

    async def is_known(self, watch: SortieWatch, sighting: Sighting) -> bool:
        """Whether this crowd is dealt with for now; if it stays, the rule judges it anew later.

        Where people may be hurt, only an alert as grave answers for it.
        """
        level = level_of(sighting, self._parts.rules)
        until = None
        if not (level.is_grave and sighting.stage is Stage.RAISED):
            until = watch.done_until(sighting.place, self._parts.world.now_utc())
        until = until or await self._alerted_until(watch, sighting, level)
        if until is not None:
            watch.gathering.judge_anew(sighting.place, until)
        return until is not None

    async def raise_alert(self, watch: SortieWatch, sighting: Sighting) -> None:
        """The rule has spoken: the alert, recorded and shown, unless the crowd has one."""
        if await self._is_lifted(watch, sighting) or await self.is_known(watch, sighting):
            return
        await self._hold.save_sighting(sighting)
        parts = self._parts
        now = parts.world.now_utc()
        raised = raise_alert(
            sighting,
            alert_id=await parts.records.next_id("A", now),
            legal=parts.legal,
            rules=parts.rules,
            grid_name=parts.register.get(sighting.grid_code).name_spoken
            if sighting.grid_code
            else "",
            register_version=parts.register.version,
            is_exercise=parts.is_exercise,
        )
        if isinstance(raised, GatheringEvent):
            await self._note_gathering(raised)
            return
        raised = await self._linked(raised, sighting)
        await parts.records.save_alert(
            raised, cause=_rule_of(sighting), at_utc=now, action="alert.raised"
        )
        self._take_up(watch, raised, sighting)

    async def _alerted_until(
        self, watch: SortieWatch, sighting: Sighting, level: AlertLevel
    ) -> datetime | None:
        """Until when it needs no alert: an aircraft, or a sortie before, has its alert."""
        soon = sighting.time_utc + timedelta(seconds=self._parts.rules.on_delay_s)
        own = same_crowd(watch.alerts.values(), sighting, level)
        if own is not None:
            return max(soon, own.raised_utc + RE_ALARM)
        if self._parts.is_anothers(sighting, level):
            return soon
        kept = await self._parts.records.alerts(limit=_EARLIER_ALERTS)
        before = [
            alert for alert in kept
            if alert.sortie != watch.sortie_id and alert.is_exercise == self._parts.is_exercise
            and alert.level.rank >= level.rank
        ]  # fmt: skip
        earlier = raised_lately(before, sighting)
        return earlier.raised_utc + RE_ALARM if earlier is not None else None

    async def _linked(self, raised: CrowdAlert, sighting: Sighting) -> CrowdAlert:
        """With the alert whose crowd this was before: it may have come under another sortie."""
        earlier = await self._parts.records.alerts(limit=_EARLIER_ALERTS)
        relapse = relapsed_from(earlier, sighting)
        moved = None if relapse else displaced_from(earlier, sighting)
        return replace(
            raised,
            relapse_of=relapse.alert_id if relapse else "",
            displaced_from=moved.alert_id if moved else "",
            aircraft=self._parts.aircraft,
        )

    async def _is_lifted(self, watch: SortieWatch, sighting: Sighting) -> bool:
        """One alert a crowd: that it has become graver is told of the one it has."""
        level = level_of(sighting, self._parts.rules)
        async with self._desk.changing:
            alert = to_be_lifted(watch.alerts.values(), sighting, level)
            if alert is None:
                return False
            cause, now = _rule_of(sighting), self._parts.world.now_utc()
            lifted = lift(alert, sighting, level, cause, now)
            await self._hold.save_sighting(sighting)
            await self._parts.records.save_alert(
                lifted, cause=cause, at_utc=now, action="alert.lifted"
            )
            watch.alerts[alert.alert_id] = lifted
            self._desk.show_alerts(watch)
        fields = sighting_fields(sighting) | {
            "alert": lifted.alert_id,
            "grid_name": lifted.grid_name,
            "level": lifted.level.value,
            "was": alert.level.value,
        }
        self._desk.tell("alert.lifted", fields)
        self.tell_critical(lifted)
        return True

    def _take_up(self, watch: SortieWatch, raised: CrowdAlert, sighting: Sighting) -> None:
        """A new alert that is on the disk: shown, told, and worked on from here."""
        watch.alerts[raised.alert_id], watch.alert_id = raised, raised.alert_id
        self._parts.set_pace(None)
        self._desk.show_alerts(watch)
        self._desk.tell(
            "alert.raised",
            sighting_fields(sighting)
            | {
                "alert": raised.alert_id,
                "grid_name": raised.grid_name,
                "level": raised.level.value,
                "relapse_of": raised.relapse_of,
                "displaced_from": raised.displaced_from,
            },
        )
        self._follow(self._on_raised, raised)
        self.tell_critical(raised)

    def _follow(self, followers: list[Raised], alert: CrowdAlert) -> None:
        for follow in followers:
            self._desk.in_background(partial(self._desk.kept, partial(follow, alert)))

    async def _note_gathering(self, seen: GatheringEvent) -> None:
        """Told and kept, and nobody has to answer."""
        await self._parts.records.note(
            "gathering.noted",
            seen.sighting.sighting_id,
            {"text": seen.text},
            cause=_rule_of(seen.sighting),
            at_utc=self._parts.world.now_utc(),
            is_exercise=self._parts.is_exercise,
        )
        self._desk.tell("gathering.noted", {"text": seen.text, "text_zh": seen.text_zh})
        self._desk.resume_patrol()


def _rule_of(sighting: Sighting) -> Cause:
    return by_system(sighting.rule)
