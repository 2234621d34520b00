"""Watches what an announcement did, gives the verdict, and has the case filed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import anyio

from ground_station.alerts import AlertEvent, AlertState, CrowdAlert
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.case_desk import NOT_OBSERVED, NOT_TO_THE_END, CaseDesk
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.effect_records import EffectBook, effect_record
from ground_station.event_fields import count_or_none, effect_fields, sample_view, utc_or_none
from ground_station.natural_decay import NaturalDecay
from ground_station.observation_notes import OBSERVER, Begun, ObservationNotes, look_fields
from ground_station.shown import EffectView
from ground_station.sortie_watch import SortieWatch
from patrol.errors import Refused, Transient
from patrol.sighting import Look
from vision.effect import Effect, EffectMeter, Verdict

_FIRST_PLAY_LONGEST_S = 600.0  # the +10 min look
_SECOND_PLAY_LONGEST_S = 180.0  # each of two plays is observed at least 3 minutes
# Who is handed on meanwhile was spoken to all the same: leaving them out would flatter the words.
_MEASURED = (AlertState.OBSERVING, AlertState.ESCALATED)
_BROKEN_OFF = "broken off: the station was started again while it was observed"


class EffectDesk:
    """One observation at a time."""

    def __init__(self, *, parts: CrowdParts, desk: CrowdDesk, cases: CaseDesk) -> None:
        self._parts = parts
        self._desk = desk
        self._cases = cases
        self._announcement: Announcement | None = None
        self._recorded_looks = 0
        self._one_at_a_time = anyio.Lock()
        self._book = EffectBook(parts=parts, desk=desk)
        self._notes = ObservationNotes(parts=parts, look="look")
        self._natural = NaturalDecay(parts=parts, desk=desk, book=self._book)
        desk.on_look(self._see)
        desk.on_give_up(self._cut_short)
        desk.on_end(self._cut_short)
        desk.on_adopt(self._broken_off)
        cases.on_unobserved(self._keep_what_was_seen)

    async def begin(self, watch: SortieWatch, announcement: Announcement, number: int) -> None:
        """An announcement was played: measure against the minute before it.

        A second play ends the observation of the first without a verdict of its own.
        """
        if announcement.started_utc is None or announcement.finished_utc is None:
            raise ValueError(f"announcement {announcement.announcement_id} has no times")
        async with self._one_at_a_time:
            if watch.meter is not None and self._announcement is not None:
                watch.meter.cut()
                effect = watch.meter.result()
                await self._record_looks(self._announcement, effect)
                alert = watch.alerts[self._announcement.alert_id]
                await self._save(alert, self._announcement, effect)
            alert = watch.alerts[announcement.alert_id]
            longest_s = _FIRST_PLAY_LONGEST_S if number == 1 else _SECOND_PLAY_LONGEST_S
            meter = self._meter(alert, longest_s)
            for look in watch.looks:
                meter.see(look)
            meter.played(
                started_utc=announcement.started_utc, finished_utc=announcement.finished_utc
            )
            begun = Begun(
                started_utc=announcement.started_utc,
                finished_utc=announcement.finished_utc,
                before=meter.result().before,
                longest_s=longest_s,
            )
            await self._notes.begin(announcement.announcement_id, begun)
            watch.meter, self._announcement = meter, announcement
            self._recorded_looks = 0
            self._show(meter.result(), announcement)

    async def _see(self, watch: SortieWatch, look: Look) -> None:
        async with self._one_at_a_time:
            meter, announcement = watch.meter, self._announcement
            if meter is None or announcement is None:
                return
            meter.see(look)
            effect = meter.result()
            await self._record_looks(announcement, effect)
            state = watch.alerts[announcement.alert_id].state
            # During the second play it goes on measuring; if that play fails, this verdict stands.
            if effect.verdict is not None and state in _MEASURED:
                await self._settle(watch, announcement, effect)
            elif effect.verdict is None:
                self._show(effect, announcement)

    async def _cut_short(self, watch: SortieWatch) -> None:
        """Nobody looks any more: what was seen so far is the verdict, and it says so."""
        async with self._one_at_a_time:
            meter, announcement = watch.meter, self._announcement
            if meter is None or announcement is None:
                return
            meter.cut()
            effect = meter.result()
            if effect.verdict is None:
                effect = replace(effect, verdict=Verdict.PERSISTING, reason=NOT_TO_THE_END)
            cut_effect = effect
            await self._desk.kept(lambda: self._record_looks(announcement, cut_effect))
            await self._desk.kept(lambda: self._settle(watch, announcement, cut_effect))

    async def _broken_off(self, watch: SortieWatch) -> None:
        """An earlier run of the station measured this, and its looks are lost.

        What is left of the time is observed; nobody shows as observed what nobody saw.
        """
        for alert in list(watch.alerts.values()):
            is_watched = alert.state is AlertState.OBSERVING or (
                alert.state is AlertState.ANNOUNCING and alert.played_count > 0
            )
            if not is_watched or watch.meter is not None:
                continue
            words = await self._last_played(alert)
            if words is not None:  # else landing settles it
                await self._go_on(watch, alert, words)

    async def _keep_what_was_seen(self, alert: CrowdAlert) -> None:
        """It landed while no station observed: what an earlier run had counted is its record."""
        words = await self._last_played(alert)
        noted = await self._notes.read(words.announcement_id) if words is not None else None
        if words is None or noted is None:
            return
        kept = {one.effect_id for one in await self._parts.records.effects(alert.sortie)}
        meter = self._meter(alert, noted.begun.longest_s)
        meter.played(started_utc=noted.begun.started_utc, finished_utc=noted.begun.finished_utc)
        meter.resume(noted.begun.before, noted.samples)
        meter.cut()
        effect = replace(meter.result(), verdict=Verdict.PERSISTING, reason=NOT_TO_THE_END)
        since_utc = noted.begun.finished_utc
        record = effect_record(alert, effect, since_utc=since_utc, words=words)
        if record.effect_id not in kept:
            await self._book.keep(record)

    async def _last_played(self, alert: CrowdAlert) -> Announcement | None:
        for number in reversed(alert.announcement_ids):
            words = await self._parts.records.announcement(number)
            if words is not None and words.state is AnnouncementState.PLAYED:
                return words
        return None

    async def _go_on(self, watch: SortieWatch, alert: CrowdAlert, words: Announcement) -> None:
        """With the count before if it was noted and there is time left; else it is broken off."""
        noted = await self._notes.read(words.announcement_id)
        meter = self._meter(alert, noted.begun.longest_s if noted else _FIRST_PLAY_LONGEST_S)
        if noted is not None:
            begun = noted.begun
            meter.played(started_utc=begun.started_utc, finished_utc=begun.finished_utc)
            meter.resume(begun.before, noted.samples)
            left_s = (
                begun.longest_s - (self._parts.world.now_utc() - begun.finished_utc).total_seconds()
            )
            if left_s > 0.0:
                async with self._one_at_a_time:
                    watch.meter, self._announcement = meter, words
                    self._recorded_looks = len(noted.samples)
                    watch.alert_id = watch.alert_id or alert.alert_id
                    self._show(meter.result(), words)
                self._desk.tell(
                    "effect.resumed", {"alert": alert.alert_id, "left_s": round(left_s)}
                )
                return
        meter.cut()
        effect = replace(meter.result(), verdict=Verdict.PERSISTING, reason=_BROKEN_OFF)
        await self._desk.kept(partial(self._settle, watch, words, effect))

    def _meter(self, alert: CrowdAlert, longest_s: float) -> EffectMeter:
        return EffectMeter(
            place=alert.place, radius_m=alert.radius_m, rules=self._parts.rules, longest_s=longest_s
        )

    async def _record_looks(self, announcement: Announcement, effect: Effect) -> None:
        for sample in effect.samples[self._recorded_looks :]:
            fields = {"announcement": announcement.announcement_id} | look_fields(sample)
            await self._notes.add(announcement.announcement_id, fields)
            self._recorded_looks += 1
            self._desk.tell("look", fields)

    async def _settle(self, watch: SortieWatch, announcement: Announcement, effect: Effect) -> None:
        """Record the verdict, then show it, file the case and let the patrol go on."""
        is_dispersed = effect.verdict is Verdict.DISPERSED
        async with self._desk.changing:
            alert = await self._desk.find(announcement.alert_id)
            if alert.state not in _MEASURED:
                return
            await self._save(alert, announcement, effect)
            # A person who handed it on let the patrol go on then: it may hold for others by now.
            is_held = alert.state is AlertState.OBSERVING or alert.is_handed_on_at_once
            if alert.state is AlertState.OBSERVING:  # else it is the grid's or the centre's by now
                alert = await self._desk.move_alone(
                    alert.alert_id,
                    AlertEvent.DISPERSE if is_dispersed else AlertEvent.PERSIST,
                    OBSERVER,
                    "alert.dispersed" if is_dispersed else "alert.persisting",
                    reason=effect.reason,
                )
        watch.meter = None
        self._show(effect, announcement)
        self._desk.tell("effect", effect_fields(alert, announcement, effect))
        try:
            await self._cases.file(alert.alert_id, effect.after or NOT_OBSERVED)
        except (Refused, Transient) as error:
            # The verdict stands and the patrol goes on; landing and signing file it again.
            self._desk.tell_refusal(error)
        if is_held:
            self._desk.resume_patrol(alert.alert_id)

    async def _save(self, alert: CrowdAlert, announcement: Announcement, effect: Effect) -> None:
        since_utc = announcement.finished_utc or self._parts.world.now_utc()
        await self._book.keep(effect_record(alert, effect, since_utc=since_utc, words=announcement))

    def _show(self, effect: Effect, announcement: Announcement) -> None:
        shown: EffectView = {
            "before": count_or_none(effect.before),
            "after": count_or_none(effect.after),
            "samples": [sample_view(sample) for sample in effect.samples],
            "verdict": effect.verdict.value if effect.verdict else None,
            "observing_since_utc": utc_or_none(announcement.finished_utc),
        }
        self._parts.board.set(effect=shown)
