"""Looks at the clock of open alerts: tells the next one up, and ends holds when no look comes."""

from __future__ import annotations

from dataclasses import dataclass, field

from ground_station.alerts import RENOTIFY_AFTER_S, AlertEvent, CrowdAlert, renotify_due
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from patrol.cause import by_system
from patrol.errors import Refused, Transient
from patrol.story import StoryEvent

_EVERY_S = 1.0  # world
_RULE = by_system("alert.unanswered")
_TOLD_NEXT = (("the squad leader", "队长"), ("the practice centre", "实践中心"))  # DOMAIN 5.3


@dataclass(slots=True, kw_only=True)
class AlertMinder:
    """Lives beside the looks, because an eye that is gone must not hold an aircraft for ever."""

    parts: CrowdParts
    desk: CrowdDesk
    _left: dict[str, CrowdAlert] = field(default_factory=dict)  # of sorties before this one
    _read_for: str | None = None  # the sortie at whose beginning they were read; "" before any

    async def run(self) -> None:
        """Look every second of world time until cancelled."""
        while True:
            await self.parts.world.sleep(_EVERY_S)
            try:
                await self.look()
            except (Refused, Transient) as error:
                self.desk.tell_refusal(error)

    async def look(self) -> None:
        """Once over every open alert of the aircraft, whichever sortie raised it."""
        await self.desk.give_up_late()
        await self._read_left()
        own = self.desk.watch.alerts if self.desk.watch is not None else {}
        now = self.parts.world.now_utc()
        for alert in [*self._left.values(), *own.values()]:
            if renotify_due(alert, now):
                await self._renotify(alert.alert_id)

    async def _read_left(self) -> None:
        """What an earlier sortie or run of the station left unanswered, once for each sortie."""
        watch = self.desk.watch
        sortie_id = watch.sortie_id if watch is not None else ""
        if sortie_id == self._read_for:
            return
        kept = await self.parts.records.unsettled_alerts()
        self._left = {
            alert.alert_id: alert for alert in kept
            if alert.aircraft == self.parts.aircraft and alert.sortie != sortie_id
        }  # fmt: skip
        for alert in self._left.values():
            self.desk.tell_critical(alert)
        self._read_for = sortie_id

    async def _renotify(self, alert_id: str) -> None:
        async with self.desk.changing:
            alert = await self.desk.find(alert_id)
            if renotify_due(alert, self.parts.world.now_utc()):  # else somebody has just answered
                told = _TOLD_NEXT[alert.renotified_count]
                after_s = RENOTIFY_AFTER_S[alert.renotified_count]
                alert = await self.desk.move_alone(
                    alert_id, AlertEvent.RENOTIFY, _RULE, "alert.renotified"
                )
                self._tell(alert, told, after_s)
            if alert_id in self._left:
                self._left[alert_id] = alert

    def _tell(self, alert: CrowdAlert, told: tuple[str, str], after_s: float) -> None:
        words, words_zh = told
        fields = {
            "alert": alert.alert_id,
            "number": alert.renotified_count,
            "told": words,
            "text": f"nobody has acknowledged within {after_s:.0f} s: {words} is told",
            "text_zh": f"{after_s:.0f}秒内无人确认，已通知{words_zh}",
        }
        # Of the sortie and grid of the alert: the aircraft may be on another one by now.
        self.parts.chronicle.tell(
            StoryEvent(
                name="alert.renotified",
                time_utc=self.parts.world.now_utc(),
                sortie=alert.sortie,
                grid=alert.grid_code or "",
                aircraft=self.parts.aircraft,
                fields=fields,
            )
        )
