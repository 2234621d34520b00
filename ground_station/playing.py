"""Has released words spoken and played, and records how that ended. It releases nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import anyio

from drone.clips import Clip
from drone.speaker import Speaker
from drone.voice import Voice
from ground_station.alerts import AlertEvent, AlertState, CrowdAlert
from ground_station.announcements import Announcement, AnnouncementEvent, AnnouncementState, Sound
from ground_station.announcements import advance as advance_words
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.drafting import Drafting
from ground_station.event_fields import announcement_fields, announcement_view
from ground_station.release_rules import UNDER_WAY
from ground_station.sortie_watch import SortieWatch
from ground_station.speaking_words import Why
from ground_station.words.listeners import crowd_of
from ground_station.words.typed import LONGEST_S, TYPED_ID
from patrol.cause import Cause, by_system
from patrol.errors import PatrolError, Refused

PLAYER = by_system("loudspeaker")
OnPlayed = Callable[[SortieWatch, Announcement, int], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Release:
    """One play on its way; `announcement` is as far as it has come."""

    watch: SortieWatch
    alert: CrowdAlert | None  # None: words of the patrol, for whoever is there
    announcement: Announcement
    number: int  # first or second play of this alert
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)
    stopped_by: Cause | None = None


@dataclass(slots=True, kw_only=True)
class Player:
    """There is one loudspeaker, so there is one release at a time."""

    parts: CrowdParts
    desk: CrowdDesk
    speaker: Speaker
    voice: Voice
    drafting: Drafting
    on_played: OnPlayed
    release: Release | None = None

    def begin(self, release: Release) -> None:
        """Play it beside the looks."""
        self.release = release
        self.desk.in_background(lambda: self._play(release))

    def cancel(self, cause: Cause) -> None:
        """Break off what is on its way, also while the words are only being made."""
        if self.release is not None:
            self.release.stopped_by = cause
            self.release.scope.cancel()

    async def end(self, watch: SortieWatch) -> None:
        """The sortie is over: what is still being spoken ends."""
        release = self.release
        if release is not None and release.watch is watch:
            release.scope.cancel()
            await release.over.wait()

    async def save(self, announcement: Announcement, cause: Cause, action: str) -> None:
        """Keep it as it is now."""
        await self.parts.records.save_announcement(
            announcement, cause=cause, at_utc=self.parts.world.now_utc(), action=action
        )

    async def _play(self, release: Release) -> None:
        """Speak, play, record. Whatever goes wrong ends as FAILED or CANCELLED with its reason."""
        try:
            with release.scope:
                end = await self._spoken(release)
            if release.scope.cancelled_caught:
                end = partial(self._stopped, release)
            await self.desk.kept(end)
        finally:
            self.release = None
            release.over.set()

    async def _spoken(self, release: Release) -> Callable[[], Awaitable[None]]:
        """Say it; the answer is how it is recorded."""
        try:
            words = release.announcement
            clip = await self.voice.speak(words.text, language=words.language)
            await self._require_same(words, clip)
            await self._start(release, clip)
            played = await self.speaker.play(
                clip, words.announcement_id, volume_pct=words.volume_pct, repeat=words.repeats
            )
        except PatrolError as error:
            return partial(self._failed, release, Why(str(error), error.text_zh))
        now = self.parts.world.now_utc()
        sound = Sound(sha256=played.sha256, heard_count=played.heard_count)
        finished = advance_words(
            release.announcement, AnnouncementEvent.FINISH, PLAYER, now, sound=sound
        )
        if finished.state is not AnnouncementState.PLAYED:
            return partial(self._failed, release, Why(finished.reason, "未完整播出"))
        return partial(self._finished, release, finished, clip)

    async def _require_same(self, words: Announcement, clip: Clip) -> None:
        """Refuse to play what is not the released text as it is kept, or not the clip made of it.

        The clip's own hash is taken anew; what the loudspeaker says it played is held against it.
        """
        name = words.announcement_id
        kept = await self.parts.records.announcement(name)
        if kept is None or not kept.is_text_whole or kept.text_sha256 != words.text_sha256:
            raise Refused(
                f"announcement {name}: the text kept is not the text that was released",
                text_zh=f"喊话{name}：留存的文本不是所放行的文本",
            )
        if not words.is_text_whole:
            raise Refused(
                f"announcement {name}: the words were changed after their release",
                text_zh=f"喊话{name}：文本在放行后被改动",
            )
        if hashlib.sha256(clip.sound).hexdigest() != clip.sha256:
            raise Refused(
                f"announcement {name}: the clip was changed after it was made",
                text_zh=f"喊话{name}：音频在生成后被改动",
            )
        if words.template_id == TYPED_ID and clip.duration_s > LONGEST_S:
            raise Refused(
                f"announcement {name}: these words take {clip.duration_s:.1f} s to say; "
                f"{LONGEST_S:.0f} s are the most",
                text_zh=f"喊话{name}：全文须播{clip.duration_s:.1f}秒，最多{LONGEST_S:.0f}秒",
            )

    async def _start(self, release: Release, clip: Clip) -> None:
        sample = self.parts.latest()
        alert = release.alert
        listeners = self.drafting.below() if alert is None else crowd_of(alert)
        heard = self.drafting.heard(listeners, release.announcement.volume_pct)
        sound = Sound(
            sha256=clip.sha256,
            duration_s=clip.duration_s,
            voice=clip.voice,
            place=sample.position if sample else None,
            slant_range_m=heard.slant_range_m if heard else None,
            level_dba=heard.level_dba if heard else None,
        )
        now = self.parts.world.now_utc()
        started = advance_words(
            release.announcement, AnnouncementEvent.START, PLAYER, now, sound=sound
        )
        await self.save(started, PLAYER, "announcement.playing")
        self._replace(release, started)

    async def _finished(self, release: Release, finished: Announcement, clip: Clip) -> None:
        await self.save(finished, PLAYER, "announcement.played")
        self._replace(release, finished)
        if release.alert is not None:
            await self._observe(release, release.alert.alert_id, finished)
        self.desk.tell(
            "announcement.played",
            announcement_fields(finished)
            | {
                "play": release.number,
                "times": finished.heard_count,
                "volume_pct": finished.volume_pct,
                "duration_s": round(clip.duration_s, 2),
                "text_sha256": finished.text_sha256,
                "audio_sha256": finished.audio_sha256,
                "voice": finished.voice,
                "released_by": finished.released_by,
                "overridden_by": finished.overridden_by,
            },
        )

    async def _observe(self, release: Release, alert_id: str, finished: Announcement) -> None:
        """From here on it is watched what the words do."""
        async with self.desk.changing:
            alert = await self.desk.find(alert_id)
            if alert.state is AlertState.ANNOUNCING:  # else somebody has handed it on meanwhile
                await self.desk.move_alone(
                    alert_id, AlertEvent.PLAY_ENDED, PLAYER, "alert.observing"
                )
                alert = await self.desk.find(alert_id)
        if alert.state in (AlertState.OBSERVING, AlertState.ESCALATED):
            await self.on_played(release.watch, finished, release.number)

    async def _stopped(self, release: Release) -> None:
        """Somebody pressed stop, or the sortie ended."""
        cause = release.stopped_by
        if cause is None:
            await self._failed(release, Why("the sortie ended first", "架次已先行结束"))
        else:
            why = Why(f"stopped by {cause.actor}", f"{cause.actor}停止喊话")
            await self._failed(release, why, cause)

    async def _failed(self, release: Release, why: Why, stopper: Cause | None = None) -> None:
        """It was not heard whole; with a stopper it is cancelled by that person."""
        event = AnnouncementEvent.CANCEL if stopper else AnnouncementEvent.FAIL
        action = "announcement.cancelled" if stopper else "announcement.failed"
        cause, now = stopper or PLAYER, self.parts.world.now_utc()
        if release.announcement.state in UNDER_WAY:
            failed = advance_words(release.announcement, event, cause, now, reason=why.text)
            await self.save(failed, cause, action)
            self._replace(release, failed)
        if release.alert is not None:
            await self._give_back(release.alert.alert_id, why)
        fields = {"reason": why.text, "reason_zh": why.text_zh}
        self.desk.tell(action, announcement_fields(release.announcement) | fields)

    async def _give_back(self, alert_id: str, why: Why) -> None:
        """The alert is as before the words."""
        async with self.desk.changing:
            alert = await self.desk.find(alert_id)
            if alert.state is AlertState.ANNOUNCING:
                await self.desk.move_alone(
                    alert_id, AlertEvent.PLAY_FAILED, PLAYER, "alert.play_failed", reason=why.text
                )

    def _replace(self, release: Release, announcement: Announcement) -> None:
        release.announcement = announcement
        release.watch.announcements = [
            announcement if old.announcement_id == announcement.announcement_id else old
            for old in release.watch.announcements
        ]
        self.parts.board.set(announcement=announcement_view(announcement, []))
