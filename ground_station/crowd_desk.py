"""From looks to an alert that a person answers: raises, acknowledges, dismisses, moves on.

One desk for each aircraft: it follows that aircraft's camera and no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import anyio
import anyio.abc
import structlog

from ground_station import views
from ground_station.alarm_desk import AlarmDesk, Raised
from ground_station.alerts import AlertEvent, CrowdAlert, advance
from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import alert_view
from ground_station.hold_desk import HoldDesk
from ground_station.shown import AlertView
from ground_station.sortie_watch import SortieWatch
from ground_station.standoff import remembered_crowds, seen_crowds
from missions.runner import SortieRunner
from patrol.cause import Cause
from patrol.errors import PatrolError, Refused, Transient
from patrol.plan import MissionPlan
from patrol.sighting import Look, Sighting, Stage
from patrol.story import StoryEvent
from patrol.supervise import supervise
from vision.crowd import GatheringWatch, clusters

__all__ = ["CrowdDesk", "CrowdParts"]

_LOOKS_WAITING = 64
_log = structlog.get_logger(__name__)
Follow = Callable[[SortieWatch, Look], Awaitable[None]]
Finish = Callable[[SortieWatch], Awaitable[None]]


class CrowdDesk:
    """Follows the looks of the sortie in the air. `changing` is held while an alert changes."""

    def __init__(self, parts: CrowdParts) -> None:
        self._parts = parts
        self.watch: SortieWatch | None = None
        self.changing = anyio.Lock()
        self._group: anyio.abc.TaskGroup | None = None
        self._on_look: list[Follow] = []
        self._on_give_up: list[Finish] = []
        self._on_end: list[Finish] = []
        self._on_adopt: list[Finish] = []
        self._hold = HoldDesk(parts, self)
        self._alarms = AlarmDesk(parts=parts, desk=self, hold=self._hold)
        self._refused_look = ""

    def on_look(self, follow: Follow) -> None:
        """Let the effect desk see each look after this desk."""
        self._on_look.append(follow)

    def on_give_up(self, finish: Finish) -> None:
        """Let a desk end its work when a hold has lasted as long as the plan allows."""
        self._on_give_up.append(finish)

    def on_end(self, finish: Finish) -> None:
        """Let a desk end its work when the sortie is over; what came last ends first."""
        self._on_end.insert(0, finish)

    def on_adopt(self, finish: Finish) -> None:
        """Let a desk end what an earlier run of the station left half done."""
        self._on_adopt.append(finish)

    def on_raised(self, follow: Raised) -> None:
        """Let a desk know of each new alert, once it is on the disk."""
        self._alarms.on_raised(follow)

    def on_critical(self, follow: Raised) -> None:
        """Let a desk know of each alert that is critical or has become so."""
        self._alarms.on_critical(follow)

    def tell_critical(self, alert: CrowdAlert) -> None:
        """Have a critical alert followed that an earlier run or sortie has left."""
        self._alarms.tell_critical(alert)

    def begin(
        self,
        sortie_id: str,
        plan: MissionPlan,
        runner: SortieRunner,
        earlier: Iterable[CrowdAlert] = (),
        *,
        is_adopted: bool = False,
    ) -> None:
        """A sortie starts: nothing seen before counts but its own alerts of an earlier run."""
        self.watch = SortieWatch(
            sortie_id=sortie_id,
            plan=plan,
            runner=runner,
            gathering=GatheringWatch(
                rules=self._parts.rules, locator=self._parts.register, sortie=sortie_id
            ),
            alerts={alert.alert_id: alert for alert in earlier},
        )
        self._parts.board.set(alert=None, alerts=[], announcement=None, effect=None, crowd=None)
        self.show_alerts(self.watch)
        self._parts.set_pace(plan)
        if self.watch.alerts:
            # What the guardian knew of them ended with the earlier run.
            now = self._parts.world.now_utc()
            self._parts.bus.publish(remembered_crowds(self.watch.alerts.values(), now))
        if self.watch.alerts or is_adopted:
            for finish in self._on_adopt:
                self.in_background(partial(finish, self.watch))

    async def end(self) -> None:
        """The aircraft is down: looks no longer count, and nothing is left half observed."""
        self._parts.set_pace(None)
        watch = self.watch
        if watch is None or watch.is_over:
            return
        watch.is_over = True
        for finish in self._on_end:
            await self._guarded(partial(finish, watch))
        watch.meter = None

    async def run(self) -> None:
        """Follow every look until cancelled."""
        camera_id = self._parts.camera_id
        with self._parts.bus.subscribe(
            Look, limit=_LOOKS_WAITING, where=lambda look: look.camera_id == camera_id
        ) as looks:
            async with anyio.create_task_group() as group:
                self._group = group
                async for look in looks:
                    self._show(look)
                    if self.watch is not None and not self.watch.is_over:
                        await self._follow(self.watch, look)

    def in_background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something that takes a while beside the looks; its refusal is told, not lost."""
        if self._group is None:
            raise Refused("the station is only just starting", text_zh="地面站正在启动")
        self._group.start_soon(self._guarded, work)

    async def kept(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what must not be lost; while disk or link is away it is tried again and again."""
        await supervise(
            work,
            clock=self._parts.wall,
            on_lost=lambda error: _log.warning("waiting to go on", reason=str(error)),
        )

    async def acknowledge(self, alert_id: str, cause: Cause) -> AlertView:
        """Somebody has taken the alert."""
        alert = await self.move(alert_id, AlertEvent.ACKNOWLEDGE, cause, "alert.acknowledged")
        self.tell("alert.acknowledged", {"alert": alert_id, "by": cause.actor})
        return alert_view(alert)

    async def dismiss(self, alert_id: str, reason: str, cause: Cause) -> AlertView:
        """A false alarm: the patrol goes on; no crowd is raised here for the re-alarm time."""
        alert = await self.move(
            alert_id, AlertEvent.DISMISS, cause, "alert.dismissed", reason=reason
        )
        self.tell("alert.dismissed", {"alert": alert_id, "by": cause.actor, "reason": reason})
        self.resume_patrol(alert_id)
        if self.watch is not None and alert_id in self.watch.alerts:
            self._hold.put_off(self.watch, alert.place, self._parts.rules.re_alarm_s)
        return alert_view(alert)

    async def is_known(self, watch: SortieWatch, sighting: Sighting) -> bool:
        """Whether this crowd is dealt with for now; if it stays, the rule judges it anew later."""
        return await self._alarms.is_known(watch, sighting)

    async def find(self, alert_id: str) -> CrowdAlert:
        """An alert of this sortie, or one that an earlier run of the station left open."""
        watch = self.watch
        if watch is not None and alert_id in watch.alerts:
            return watch.alerts[alert_id]
        kept = await self._parts.records.alert(alert_id)
        if kept is None:
            raise LookupError(f"no alert {alert_id} in this sortie")
        return kept

    async def move(
        self, alert_id: str, event: AlertEvent, cause: Cause, action: str, **facts: str
    ) -> CrowdAlert:
        """Advance an alert, record it, show it. LookupError for an unknown one."""
        async with self.changing:
            return await self.move_alone(alert_id, event, cause, action, **facts)

    async def move_alone(
        self, alert_id: str, event: AlertEvent, cause: Cause, action: str, **facts: str
    ) -> CrowdAlert:
        """The same for who holds `changing` already, to look and to move as one step."""
        now, watch = self._parts.world.now_utc(), self.watch
        alert = advance(await self.find(alert_id), event, cause, now, **facts)
        await self._parts.records.save_alert(alert, cause=cause, at_utc=now, action=action)
        if watch is not None and alert_id in watch.alerts:
            watch.alerts[alert_id] = alert
            self.show_alerts(watch)
        return alert

    async def give_up_late(self) -> None:
        """A look-hold ends when the approved plan says so, answered or not."""
        watch = self.watch
        if watch is None or watch.is_over or not self._hold.is_late(watch):
            return
        for finish in self._on_give_up:
            await finish(watch)
        self._hold.give_up(watch)

    def resume_patrol(self, alert_id: str | None = None) -> None:
        """Done with the crowd of this alert (or with any): go on at the break point."""
        watch = self.watch
        if watch is not None and (alert_id is None or watch.alert_id == alert_id):
            self._hold.resume(watch)

    def tell(self, name: str, fields: dict[str, Any]) -> None:
        """Show an event that has been recorded."""
        self._parts.chronicle.tell(self._event(name, fields))

    def tell_and_record(self, name: str, fields: dict[str, Any]) -> None:
        """Record an event that has no record of its own, and show it."""
        self._parts.bus.publish(self._event(name, fields))

    def tell_refusal(self, error: PatrolError) -> None:
        """Somebody or something said no: in the log and in the story."""
        _log.warning("refused", reason=str(error))
        self.tell_and_record("refused", {"reason": str(error), "reason_zh": error.text_zh})

    def _event(self, name: str, fields: dict[str, Any]) -> StoryEvent:
        watch = self.watch
        return StoryEvent(
            name=name,
            time_utc=self._parts.world.now_utc(),
            sortie=watch.sortie_id if watch else "",
            grid=watch.plan.grid_code if watch else "",
            aircraft=self._parts.aircraft,
            fields=fields,
        )

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (Refused, Transient) as error:
            self.tell_refusal(error)

    async def _follow(self, watch: SortieWatch, look: Look) -> None:
        """One look; what is refused is told once and the next look goes on."""
        try:
            await self._see(watch, look)
        except (Refused, Transient) as error:
            if str(error) != self._refused_look:  # not with every look of a full disk
                self.tell_refusal(error)
            self._refused_look = str(error)
        else:
            self._refused_look = ""

    async def _see(self, watch: SortieWatch, look: Look) -> None:
        watch.remember(look)
        for sighting in watch.gathering.see(look):
            if sighting.stage is Stage.CANDIDATE:
                await self.kept(partial(self._hold.candidate, watch, sighting))
            elif sighting.stage is Stage.RAISED:
                await self.kept(partial(self.raise_alert, watch, sighting))
            else:
                self._hold.cleared(watch, sighting)
        self._hold.keep_away(watch, look)
        for follow in self._on_look:
            await follow(watch, look)
        await self.give_up_late()

    async def raise_alert(self, watch: SortieWatch, sighting: Sighting) -> None:
        """The rule has spoken: the alert, recorded and shown, unless the crowd has one."""
        await self._alarms.raise_alert(watch, sighting)

    def _show(self, look: Look) -> None:
        now_s = self._parts.wall.monotonic_s()
        found = clusters(look, self._parts.rules)
        largest = max(found, key=lambda cluster: cluster.count.estimate, default=None)
        standoff_m = max(30.0, look.aircraft_height_agl_m or 30.0)
        if look.is_valid:
            crowds = seen_crowds(look, found, self._parts.rules, self._parts.aircraft)
            self._parts.bus.publish(crowds)
        is_crowd = largest is not None and largest.count.estimate >= self._parts.rules.n_clear
        self._parts.board.set(
            look=views.look_view(look, now_s),
            people=views.people_view(look),
            crowd=views.crowd_view(largest, standoff_m) if largest and is_crowd else None,
        )

    def show_alerts(self, watch: SortieWatch) -> None:
        """As they are now; the one being worked on, else the newest, stands out."""
        shown = [alert_view(alert) for alert in reversed(watch.alerts.values())]
        current = alert_view(watch.alert) if watch.alert else shown[0] if shown else None
        self._parts.board.set(alerts=shown, alert=current)
