"""From looks to an alert that a person answers: stops for a candidate, raises, acknowledges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
import structlog

from ground_station import views
from ground_station.alerts import (
    UNSETTLED,
    AlertEvent,
    CrowdAlert,
    GatheringEvent,
    advance,
    raise_alert,
    relapsed_from,
    same_crowd,
)
from ground_station.chronicle import Chronicle
from ground_station.legal import LegalBook
from ground_station.live import Board
from ground_station.sortie_watch import SortieWatch
from ground_station.store.records import Records
from missions.register import Register
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role, by_system
from patrol.clock import WallClock, WorldClock
from patrol.errors import LinkLost, Refused
from patrol.plan import MissionPlan
from patrol.sighting import Look, Sighting, Stage
from patrol.story import StoryEvent
from vision.crowd import CrowdRules, GatheringWatch, clusters

_LOOKS_WAITING = 64
_CANDIDATE_RULE = by_system("HJ-CROWD-1/gathering")
_RESUME = by_system("look-hold.over")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdParts:
    """What the crowd desks are handed."""

    register: Register
    rules: CrowdRules
    legal: LegalBook
    records: Records
    bus: Bus
    board: Board
    chronicle: Chronicle
    world: WorldClock
    wall: WallClock
    set_pace: Callable[[MissionPlan | None], None]
    is_exercise: bool


class CrowdDesk:
    """Follows the looks of the sortie in the air."""

    def __init__(self, parts: CrowdParts) -> None:
        self._parts = parts
        self.watch: SortieWatch | None = None
        self._group: anyio.abc.TaskGroup | None = None
        self._on_look: list[Callable[[SortieWatch, Look], Awaitable[None]]] = []

    def on_look(self, follow: Callable[[SortieWatch, Look], Awaitable[None]]) -> None:
        """Let the effect desk see each look after this desk."""
        self._on_look.append(follow)

    def begin(self, sortie_id: str, plan: MissionPlan, runner: SortieRunner) -> None:
        """A sortie starts: nothing seen before counts."""
        self.watch = SortieWatch(
            sortie_id=sortie_id,
            plan=plan,
            runner=runner,
            gathering=GatheringWatch(
                rules=self._parts.rules, locator=self._parts.register, sortie=sortie_id
            ),
        )
        self._parts.board.set(alert=None, alerts=[], announcement=None, effect=None, crowd=None)
        self._parts.set_pace(plan)

    async def end(self) -> None:
        """The aircraft is down: looks no longer count."""
        self._parts.set_pace(None)
        if self.watch is not None:
            self.watch.meter = None

    async def run(self) -> None:
        """Follow every look until cancelled."""
        with self._parts.bus.subscribe(Look, limit=_LOOKS_WAITING) as looks:
            async with anyio.create_task_group() as group:
                self._group = group
                async for look in looks:
                    self._show(look)
                    if self.watch is not None:
                        await self._see(self.watch, look)

    def in_background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something that takes a while beside the looks; its refusal is told, not lost."""
        if self._group is None:
            raise Refused("the station is only just starting")
        self._group.start_soon(self._guarded, work)

    async def acknowledge(self, alert_id: str, cause: Cause) -> dict[str, Any]:
        """Somebody has taken the alert."""
        alert = await self.move(alert_id, AlertEvent.ACKNOWLEDGE, cause, "alert.acknowledged")
        self.tell("alert.acknowledged", {"alert": alert_id, "by": cause.actor})
        return alert_view(alert)

    async def dismiss(self, alert_id: str, reason: str, cause: Cause) -> dict[str, Any]:
        """A false alarm: the patrol goes on and this crowd is not raised again in this sortie."""
        alert = await self.move(
            alert_id, AlertEvent.DISMISS, cause, "alert.dismissed", reason=reason
        )
        self.tell("alert.dismissed", {"alert": alert_id, "by": cause.actor, "reason": reason})
        self.resume_patrol()
        return alert_view(alert)

    async def move(
        self, alert_id: str, event: AlertEvent, cause: Cause, action: str, **facts: str
    ) -> CrowdAlert:
        """Advance an alert, record it, show it. LookupError for an unknown one."""
        watch = self.watch
        if watch is None or alert_id not in watch.alerts:
            raise LookupError(f"no alert {alert_id} in this sortie")
        now = self._parts.world.now_utc()
        alert = advance(watch.alerts[alert_id], event, cause, now, **facts)
        await self._parts.records.save_alert(alert, cause=cause, at_utc=now, action=action)
        watch.alerts[alert_id] = alert
        self._show_alerts(watch)
        return alert

    async def close_alerts(self, cause: Cause) -> None:
        """The registrar's signature closes what has been settled."""
        watch = self.watch
        registrar = Cause(
            actor=cause.actor,
            role=Role.REGISTRAR,
            request_id=cause.request_id,
            is_automatic=cause.is_automatic,
        )
        for alert in list(watch.alerts.values()) if watch else []:
            if alert.state not in UNSETTLED:
                await self.move(alert.alert_id, AlertEvent.CLOSE, registrar, "alert.closed")

    def resume_patrol(self) -> None:
        """Done with this crowd: go on at the break point."""
        watch = self.watch
        if watch is None or watch.held_place is None:
            return
        watch.done_places.append(watch.held_place)
        watch.held_place, watch.held_since_utc, watch.meter = None, None, None
        self.in_background(self._go_on)

    def tell(self, name: str, fields: dict[str, Any]) -> None:
        """Show an event that has been recorded."""
        watch = self.watch
        self._parts.chronicle.tell(
            StoryEvent(
                name=name,
                time_utc=self._parts.world.now_utc(),
                sortie=watch.sortie_id if watch else "",
                grid=watch.plan.grid_code if watch else "",
                fields=fields,
            )
        )

    async def _go_on(self) -> None:
        if self.watch is not None:
            await self.watch.runner.resume(_RESUME)
            self._parts.set_pace(self.watch.plan)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (Refused, LinkLost) as error:
            _log.warning("refused", reason=str(error))
            if self.watch is not None:
                self._parts.bus.publish(
                    StoryEvent(
                        name="refused",
                        time_utc=self._parts.world.now_utc(),
                        sortie=self.watch.sortie_id,
                        grid=self.watch.plan.grid_code,
                        fields={"reason": str(error)},
                    )
                )

    async def _see(self, watch: SortieWatch, look: Look) -> None:
        watch.remember(look)
        for sighting in watch.gathering.see(look):
            if sighting.stage is Stage.CANDIDATE:
                await self._candidate(watch, sighting)
            elif sighting.stage is Stage.RAISED:
                await self._raised(watch, sighting)
            elif watch.alert is None and watch.held_place is not None:
                self.resume_patrol()  # it dissolved before the on-delay was over
        for follow in self._on_look:
            await follow(watch, look)
        self._give_up_late(watch)

    def _give_up_late(self, watch: SortieWatch) -> None:
        """A look-hold ends when the approved plan says so, answered or not."""
        if watch.held_since_utc is None or watch.plan.look_hold is None:
            return
        held_s = (self._parts.world.now_utc() - watch.held_since_utc).total_seconds()
        has_no_alert = watch.alert is None
        longest_s = watch.plan.look_hold.longest_s
        rules = self._parts.rules
        if held_s > longest_s or (has_no_alert and held_s > 3 * rules.on_delay_s):
            self.resume_patrol()

    async def _candidate(self, watch: SortieWatch, sighting: Sighting) -> None:
        if watch.held_place is not None or watch.is_done(sighting.place):
            return
        watch.held_place, watch.held_since_utc = sighting.place, self._parts.world.now_utc()
        await self._save_sighting(sighting)
        self.tell("sighting", sighting_fields(sighting))
        self._parts.set_pace(None)

        async def hold() -> None:
            await watch.runner.look_hold(
                sighting.place, "candidate crowd: look from stand-off", _CANDIDATE_RULE
            )

        self.in_background(hold)

    async def _raised(self, watch: SortieWatch, sighting: Sighting) -> None:
        parts = self._parts
        if watch.is_done(sighting.place) or same_crowd(watch.alerts.values(), sighting):
            return
        await self._save_sighting(sighting)
        now = parts.world.now_utc()
        relapse = relapsed_from(watch.alerts.values(), sighting)
        raised = raise_alert(
            sighting,
            alert_id=await parts.records.next_id("A", now),
            legal=parts.legal,
            grid_name=self._grid_name(sighting.grid_code),
            register_version=parts.register.version,
            is_exercise=parts.is_exercise,
            relapse_of=relapse.alert_id if relapse else "",
        )
        if isinstance(raised, GatheringEvent):
            await parts.records.note(
                "gathering.noted",
                sighting.sighting_id,
                {"text": raised.text},
                cause=_CANDIDATE_RULE,
                at_utc=now,
                is_exercise=parts.is_exercise,
            )
            self.tell("gathering.noted", {"text": raised.text, "text_zh": raised.text_zh})
            self.resume_patrol()
            return
        await parts.records.save_alert(
            raised, cause=_CANDIDATE_RULE, at_utc=now, action="alert.raised"
        )
        watch.alerts[raised.alert_id], watch.alert_id = raised, raised.alert_id
        self._show_alerts(watch)
        self.tell(
            "alert.raised",
            sighting_fields(sighting)
            | {
                "alert": raised.alert_id,
                "grid_name": raised.grid_name,
                "level": raised.level.value,
            },
        )

    async def _save_sighting(self, sighting: Sighting) -> None:
        await self._parts.records.save_sighting(
            sighting,
            register_version=self._parts.register.version,
            is_exercise=self._parts.is_exercise,
            cause=_CANDIDATE_RULE,
            at_utc=self._parts.world.now_utc(),
        )

    def _grid_name(self, code: str | None) -> str:
        return self._parts.register.get(code).name_spoken if code else ""

    def _show(self, look: Look) -> None:
        now_s = self._parts.wall.monotonic_s()
        found = clusters(look, self._parts.rules)
        largest = max(found, key=lambda cluster: cluster.count.estimate, default=None)
        standoff_m = max(30.0, look.aircraft_height_agl_m or 30.0)
        is_crowd = largest is not None and largest.count.estimate >= self._parts.rules.n_clear
        self._parts.board.set(
            look=views.look_view(look, now_s),
            people=views.people_view(look),
            crowd=views.crowd_view(largest, standoff_m) if largest and is_crowd else None,
        )

    def _show_alerts(self, watch: SortieWatch) -> None:
        shown = [alert_view(alert) for alert in reversed(watch.alerts.values())]
        current = watch.alert
        self._parts.board.set(alerts=shown, alert=alert_view(current) if current else None)


def sighting_fields(sighting: Sighting) -> dict[str, Any]:
    """A sighting as its event tells it."""
    return {
        "sighting": sighting.sighting_id,
        "kind": sighting.kind.value,
        "rule": sighting.rule,
        "stage": sighting.stage.value,
        "count": views.count_view(sighting.count),
        "place": views.place_view(sighting.place),
        "error_m": round(sighting.error_m, 1),
        "radius_m": round(sighting.radius_m, 1),
        "in_grid": sighting.grid_code,
        "nearest_person_m": None
        if sighting.nearest_person_m is None
        else round(sighting.nearest_person_m, 1),
        "standoff_need_m": round(sighting.standoff_need_m, 1),
    }


def alert_view(alert: CrowdAlert) -> dict[str, Any]:
    """An alert as the API gives it."""
    return {
        "id": alert.alert_id,
        "state": alert.state.value,
        "level": alert.level.value,
        "kind": alert.kind.value,
        "grid_code": alert.grid_code,
        "grid_name": alert.grid_name,
        "place": views.place_view(alert.place),
        "error_m": round(alert.error_m, 1),
        "radius_m": round(alert.radius_m, 1),
        "count": views.count_view(alert.count),
        "raised_utc": alert.raised_utc.isoformat().replace("+00:00", "Z"),
        "acknowledged_by": alert.acknowledged_by,
        "case_no": alert.case_no,
        "verdict": alert.outcome.value if alert.outcome else None,
    }
