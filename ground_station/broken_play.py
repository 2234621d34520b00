"""Ends what an earlier run of the station was speaking when it was ended itself."""

from __future__ import annotations

from dataclasses import dataclass

from ground_station.alerts import AlertEvent, AlertState
from ground_station.announcements import Announcement, AnnouncementEvent, advance
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.release_rules import UNDER_WAY
from ground_station.sortie_watch import SortieWatch
from patrol.cause import by_system

_RESTART = by_system("station.restart")
_REASON = "broken off: the station was started again while it spoke"
_REASON_ZH = "中断：播放时地面站重新启动"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPlays:
    """Whether the words were heard whole, nobody knows any more: so they were not."""

    parts: CrowdParts
    desk: CrowdDesk

    async def end(self, watch: SortieWatch) -> None:
        """The alert is as before the words; they may be spoken again."""
        kept = await self.parts.records.announcements(sortie_id=watch.sortie_id)
        own = {words.announcement_id for words in watch.announcements}  # of this run
        for words in kept:
            if words.state in UNDER_WAY and words.announcement_id not in own:
                await self._fail(words)
        for alert in list(watch.alerts.values()):
            if alert.state is AlertState.ANNOUNCING and own.isdisjoint(alert.announcement_ids):
                await self.desk.move(
                    alert.alert_id, AlertEvent.PLAY_FAILED, _RESTART, "alert.play_failed",
                    reason=_REASON,
                )  # fmt: skip

    async def _fail(self, words: Announcement) -> None:
        now = self.parts.world.now_utc()
        failed = advance(words, AnnouncementEvent.FAIL, _RESTART, now, reason=_REASON)
        await self.parts.records.save_announcement(
            failed, cause=_RESTART, at_utc=now, action="announcement.failed"
        )
        fields = {
            "announcement": words.announcement_id,
            "alert": words.alert_id,
            "reason": _REASON,
            "reason_zh": _REASON_ZH,
        }
        self.desk.tell("announcement.failed", fields)
