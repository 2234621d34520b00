"""Looks at the clock of open alerts: tells the next one up, and ends holds when no look comes."""

from __future__ import annotations

from dataclasses import dataclass

from ground_station.alerts import (
    RENOTIFY_AFTER_S,
    AlertEvent,
    AlertState,
    CrowdAlert,
    renotify_due,
)
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from patrol.cause import by_system
from patrol.errors import Refused, Transient

_EVERY_S = 1.0  # world
_RULE = by_system("alert.unanswered")
_TOLD_NEXT = (("the squad leader", "队长"), ("the practice centre", "实践中心"))  # DOMAIN 5.3


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMinder:
    """Lives beside the looks, because an eye that is gone must not hold an aircraft for ever."""

    parts: CrowdParts
    desk: CrowdDesk

    async def run(self) -> None:
        """Look every second of world time until cancelled."""
        while True:
            await self.parts.world.sleep(_EVERY_S)
            try:
                await self.look()
            except (Refused, Transient) as error:
                self.desk.tell_refusal(error)

    async def look(self) -> None:
        """Once over every open alert of the sortie."""
        watch = self.desk.watch
        if watch is None:
            return
        for alert in list(watch.alerts.values()):
            if renotify_due(alert, self.parts.world.now_utc()):
                await self._renotify(alert)
        await self.desk.give_up_late()

    async def _renotify(self, alert: CrowdAlert) -> None:
        async with self.desk.changing:
            alert = await self.desk.find(alert.alert_id)
            if alert.state is not AlertState.RAISED:
                return  # somebody has just answered
            told, told_zh = _TOLD_NEXT[alert.renotified_count]
            after_s = RENOTIFY_AFTER_S[alert.renotified_count]
            alert = await self.desk.move_alone(
                alert.alert_id, AlertEvent.RENOTIFY, _RULE, "alert.renotified"
            )
        self.desk.tell(
            "alert.renotified",
            {
                "alert": alert.alert_id,
                "number": alert.renotified_count,
                "told": told,
                "text": f"nobody has acknowledged within {after_s:.0f} s: {told} is told",
                "text_zh": f"{after_s:.0f}秒内无人确认，已通知{told_zh}",
            },
        )
