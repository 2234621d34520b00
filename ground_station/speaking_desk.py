"""Releases an announcement: rules first, then the words are spoken, played and recorded."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio

from drone.clips import Clip
from drone.loudness import level_1m_dba
from drone.speaker import Speaker
from drone.voice import Voice
from ground_station.alerts import AlertEvent, AlertState, CrowdAlert
from ground_station.announcements import (
    Announcement,
    AnnouncementEvent,
    AnnouncementState,
    Occasion,
    Sound,
    advance,
    draft_announcement,
)
from ground_station.broken_play import BrokenPlays
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import announcement_fields, announcement_view
from ground_station.release_rules import (
    UNDER_WAY,
    ReleaseContext,
    ReleaseLimits,
    level_dba,
    may_release,
)
from ground_station.sortie_watch import SortieWatch
from ground_station.speaking_words import Why, not_to_be_spoken
from ground_station.templates import Template
from patrol.cause import Cause, Role, by_system
from patrol.errors import NotPermitted, PatrolError, PlanRejected
from patrol.geo import distance_m
from patrol.plan import Finding, stops
from patrol.vehicle import Vehicle

_APPROVED_BEFOREHAND = by_system("template.approved")
_PLAYER = by_system("loudspeaker")
_STOPPERS = (Role.ANNOUNCER, Role.PILOT)


class AnnouncementBlocked(PlanRejected):
    """A rule forbids this release; each finding says which and why."""


@dataclass(slots=True, kw_only=True)
class _Release:
    """One play on its way; `announcement` is as far as it has come."""

    watch: SortieWatch
    alert: CrowdAlert
    announcement: Announcement
    number: int  # first or second play of this alert
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)
    stopped_by: Cause | None = None


class SpeakingDesk:
    """The announcer's verbs."""

    def __init__(
        self,
        *,
        parts: CrowdParts,
        desk: CrowdDesk,
        vehicle: Vehicle,
        speaker: Speaker,
        voice: Voice,
        templates: Mapping[str, Template],
        on_played: Callable[[SortieWatch, Announcement, int], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._desk = desk
        self._vehicle = vehicle
        self._speaker = speaker
        self._voice = voice
        self._templates = templates
        self._on_played = on_played
        self._release: _Release | None = None  # there is one loudspeaker
        desk.on_end(self._end)
        desk.on_adopt(BrokenPlays(parts=parts, desk=desk).end)

    async def announce(
        self, alert_id: str, template_id: str, cause: Cause, *, repeat: int = 1
    ) -> dict[str, Any]:
        """Release a template for an alert, to be played once or twice; its volume is its profile's.

        AnnouncementBlocked with every reason if it may not.
        """
        watch = self._desk.watch
        if watch is None or alert_id not in watch.alerts:
            raise LookupError(f"no alert {alert_id} in this sortie")
        if template_id not in self._templates:
            raise LookupError(f"no template {template_id}")
        async with self._desk.changing:  # three presses at once are one release
            release, findings = await self._released(watch, alert_id, template_id, cause, repeat)
        self._desk.in_background(lambda: self._play(release))
        return self._view(release.announcement, findings)

    async def stop_speaking(self, cause: Cause) -> dict[str, Any]:
        """Silence at once; the announcement then ends as cancelled, by this person."""
        if cause.role not in _STOPPERS:
            raise NotPermitted(cause.actor, " or ".join(role.value for role in _STOPPERS))
        release = self._release
        if release is not None:  # also while the words are only being made
            release.stopped_by = cause
            release.scope.cancel()
        failure = ""
        try:
            await self._speaker.stop()
        except PatrolError as error:
            failure = str(error)
            raise  # whoever pressed it has to know that words may still sound
        finally:
            await self._parts.records.note_though_late(
                "speaker.stop_failed" if failure else "speaker.stopped",
                "",
                {"reason": failure} if failure else {},
                cause=cause,
                at_utc=self._parts.world.now_utc(),
                is_exercise=self._parts.is_exercise,
            )
        self._desk.tell("speaker.stopped", {"by": cause.actor})
        return {"stopped": True}

    async def _released(
        self, watch: SortieWatch, alert_id: str, template_id: str, cause: Cause, repeat: int
    ) -> tuple[_Release, list[Finding]]:
        alert, template = watch.alerts[alert_id], self._templates[template_id]
        if alert.state not in (AlertState.ACKNOWLEDGED, AlertState.OBSERVING):
            raise not_to_be_spoken(alert)
        draft, findings = await self._draft(watch, alert, template, cause, repeat)
        if stopping := stops(findings):
            await self._block(draft, stopping, cause)
            raise AnnouncementBlocked(
                f"{template_id} may not be played now",
                stopping,
                text_zh=f"现在不得播放{template_id}",
            )
        await self._save(draft, cause, "announcement.released")
        await self._desk.move_alone(
            alert_id,
            AlertEvent.ANNOUNCE,
            cause,
            "alert.announcing",
            announcement_id=draft.announcement_id,
        )
        watch.announcements.append(draft)
        release = self._release = _Release(
            watch=watch, alert=alert, announcement=draft, number=alert.played_count + 1
        )
        self._desk.tell("announcement.released", announcement_fields(draft) | {"by": cause.actor})
        return release, findings

    def _occasion(self, watch: SortieWatch, alert: CrowdAlert) -> Occasion:
        return Occasion(
            alert_id=alert.alert_id,
            sortie=watch.sortie_id,
            grid_code=alert.grid_code,
            at_utc=self._parts.world.now_utc(),
            is_exercise=self._parts.is_exercise,
            legal_basis_id=alert.legal_basis_id,
            aircraft=self._parts.aircraft,
        )

    async def _draft(
        self,
        watch: SortieWatch,
        alert: CrowdAlert,
        template: Template,
        cause: Cause,
        repeat: int = 1,
    ) -> tuple[Announcement, list[Finding]]:
        parts, now = self._parts, self._parts.world.now_utc()
        occasion = self._occasion(watch, alert)
        announcement_id = await parts.records.next_id("B", now)
        draft = draft_announcement(
            template, occasion, announcement_id=announcement_id, repeats=repeat
        )
        draft = advance(draft, AnnouncementEvent.APPROVE, _APPROVED_BEFOREHAND, now)
        draft = advance(draft, AnnouncementEvent.QUEUE, cause, now)
        findings = may_release(
            template,
            ReleaseContext(
                at_utc=now,
                cause=cause,
                alert_id=alert.alert_id,
                grid_code=alert.grid_code,
                is_exercise=parts.is_exercise,
                slant_range_m=self._slant_range_m(alert),
                legal=parts.legal,
                spl_1m_dba=level_1m_dba(draft.volume_pct),
                repeat=repeat,
                earlier=await self._earlier(watch, alert),
                alert_level=alert.level,
                is_airborne=self._is_airborne(watch),
            ),
        )
        return draft, findings

    async def _block(self, draft: Announcement, findings: list[Finding], cause: Cause) -> None:
        now = self._parts.world.now_utc()
        blocked = advance(
            draft, AnnouncementEvent.BLOCK, by_system("release-rules"), now, findings=findings
        )
        await self._save(blocked, cause, "announcement.blocked")
        reason = "; ".join(finding.text for finding in findings)
        reason_zh = "；".join(finding.text_zh for finding in findings)
        fields = announcement_fields(blocked) | {"reason": reason, "reason_zh": reason_zh}
        self._desk.tell("announcement.blocked", fields)
        self._view(blocked, findings)

    async def _earlier(self, watch: SortieWatch, alert: CrowdAlert) -> tuple[Announcement, ...]:
        """This sortie's announcements, and what other sorties said in the grid of late."""
        since_utc = self._parts.world.now_utc() - ReleaseLimits().window
        kept = await self._parts.records.announcements(
            since_utc=since_utc, grid_code=alert.grid_code
        )
        own = {item.announcement_id for item in watch.announcements}
        others = [item for item in kept if item.announcement_id not in own]
        # What a station that has ended left under way sounds no more, but it was begun.
        ended = [
            replace(item, state=AnnouncementState.FAILED) if item.state in UNDER_WAY else item
            for item in others
        ]
        return (*ended, *watch.announcements)

    def _is_airborne(self, watch: SortieWatch) -> bool | None:
        sample = self._vehicle.latest()
        if watch.is_over or sample is None:
            return False if watch.is_over else None
        return sample.is_in_air

    async def _end(self, watch: SortieWatch) -> None:
        """The sortie is over: what is still being spoken ends."""
        release = self._release
        if release is not None and release.watch is watch:
            release.scope.cancel()
            await release.over.wait()

    async def _play(self, release: _Release) -> None:
        """Speak, play, record. Whatever goes wrong ends as FAILED or CANCELLED with its reason."""
        try:
            with release.scope:
                end = await self._spoken(release)
            if release.scope.cancelled_caught:
                end = partial(self._stopped, release)
            await self._desk.kept(end)
        finally:
            self._release = None
            release.over.set()

    async def _spoken(self, release: _Release) -> Callable[[], Awaitable[None]]:
        """Say it; the answer is how it is recorded."""
        try:
            words = release.announcement
            clip = await self._voice.speak(words.text, language=words.language)
            await self._start(release, clip)
            played = await self._speaker.play(
                clip, words.announcement_id, volume_pct=words.volume_pct, repeat=words.repeats
            )
        except PatrolError as error:
            return partial(self._failed, release, Why(str(error), error.text_zh))
        now = self._parts.world.now_utc()
        sound = Sound(sha256=played.sha256, heard_count=played.heard_count)
        finished = advance(
            release.announcement, AnnouncementEvent.FINISH, _PLAYER, now, sound=sound
        )
        if finished.state is not AnnouncementState.PLAYED:
            return partial(self._failed, release, Why(finished.reason, "未完整播出"))
        return partial(self._finished, release, finished, clip)

    async def _finished(self, release: _Release, finished: Announcement, clip: Clip) -> None:
        await self._save(finished, _PLAYER, "announcement.played")
        self._replace(release, finished)
        async with self._desk.changing:
            alert = await self._desk.find(release.alert.alert_id)
            if alert.state is AlertState.ANNOUNCING:  # else somebody has handed it on meanwhile
                await self._desk.move_alone(
                    alert.alert_id, AlertEvent.PLAY_ENDED, _PLAYER, "alert.observing"
                )
                alert = await self._desk.find(alert.alert_id)
        if alert.state is AlertState.OBSERVING:
            await self._on_played(release.watch, finished, release.number)
        self._desk.tell(
            "announcement.played",
            announcement_fields(finished)
            | {
                "play": release.number,
                "times": finished.heard_count,
                "volume_pct": finished.volume_pct,
                "duration_s": round(clip.duration_s, 2),
                "audio_sha256": finished.audio_sha256,
                "voice": finished.voice,
                "released_by": finished.released_by,
            },
        )

    async def _start(self, release: _Release, clip: Clip) -> None:
        sample = self._vehicle.latest()
        slant_m = self._slant_range_m(release.alert)
        sound = Sound(
            sha256=clip.sha256,
            duration_s=clip.duration_s,
            voice=clip.voice,
            place=sample.position if sample else None,
            slant_range_m=slant_m,
            level_dba=None
            if slant_m is None
            else level_dba(
                spl_1m_dba=level_1m_dba(release.announcement.volume_pct), slant_range_m=slant_m
            ),
        )
        now = self._parts.world.now_utc()
        started = advance(release.announcement, AnnouncementEvent.START, _PLAYER, now, sound=sound)
        await self._save(started, _PLAYER, "announcement.playing")
        self._replace(release, started)

    async def _stopped(self, release: _Release) -> None:
        """Somebody pressed stop, or the sortie ended."""
        cause = release.stopped_by
        if cause is None:
            await self._failed(release, Why("the sortie ended first", "架次已先行结束"))
        else:
            why = Why(f"stopped by {cause.actor}", f"{cause.actor}停止喊话")
            await self._failed(release, why, cause)

    async def _failed(self, release: _Release, why: Why, stopper: Cause | None = None) -> None:
        """It was not heard whole; with a stopper it is cancelled by that person."""
        event = AnnouncementEvent.CANCEL if stopper else AnnouncementEvent.FAIL
        action = "announcement.cancelled" if stopper else "announcement.failed"
        cause, now = stopper or _PLAYER, self._parts.world.now_utc()
        if release.announcement.state in UNDER_WAY:
            failed = advance(release.announcement, event, cause, now, reason=why.text)
            await self._save(failed, cause, action)
            self._replace(release, failed)
        async with self._desk.changing:
            alert = await self._desk.find(release.alert.alert_id)
            if alert.state is AlertState.ANNOUNCING:
                await self._desk.move_alone(
                    alert.alert_id,
                    AlertEvent.PLAY_FAILED,
                    _PLAYER,
                    "alert.play_failed",
                    reason=why.text,
                )
        fields = {"reason": why.text, "reason_zh": why.text_zh}
        self._desk.tell(action, announcement_fields(release.announcement) | fields)

    def _replace(self, release: _Release, announcement: Announcement) -> None:
        release.announcement = announcement
        release.watch.announcements = [
            announcement if old.announcement_id == announcement.announcement_id else old
            for old in release.watch.announcements
        ]
        self._view(announcement, [])

    async def _save(self, announcement: Announcement, cause: Cause, action: str) -> None:
        await self._parts.records.save_announcement(
            announcement, cause=cause, at_utc=self._parts.world.now_utc(), action=action
        )

    def _slant_range_m(self, alert: CrowdAlert) -> float | None:
        sample = self._vehicle.latest()
        if sample is None or sample.position is None or sample.height_above_home_m is None:
            return None
        return math.hypot(distance_m(sample.position, alert.place), sample.height_above_home_m)

    def _view(self, announcement: Announcement, findings: list[Finding]) -> dict[str, Any]:
        """Show the announcement on the board and give the same to the caller."""
        shown = announcement_view(announcement, findings)
        self._parts.board.set(announcement=shown)
        return shown
