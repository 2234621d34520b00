"""Watches crowds that nobody spoke to by the same meter: what words change is known only beside it.

An alert whose words were blocked is watched from the block on, one that was acknowledged without
words from then on, as far as the aircraft still looks there. No alert changes by this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import anyio

from ground_station.alerts import AlertState, CrowdAlert
from ground_station.case_desk import NOT_TO_THE_END
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.effect_records import EffectBook, effect_record
from ground_station.event_fields import effect_fields
from ground_station.observation_notes import Begun, ObservationNotes, look_fields
from ground_station.sortie_watch import SortieWatch
from patrol.sighting import Look
from vision.effect import LOOKS_AT_S, Effect, EffectMeter, Verdict


@dataclass(slots=True, kw_only=True)
class _Open:
    """One observation that goes on."""

    alert_id: str
    since_utc: datetime
    meter: EffectMeter
    noted_count: int = 0  # of its samples


class NaturalDecay:
    """One crowd at a time: the one that the aircraft holds for."""

    def __init__(self, *, parts: CrowdParts, desk: CrowdDesk, book: EffectBook) -> None:
        self._parts = parts
        self._desk = desk
        self._book = book
        self._open: _Open | None = None
        self._done: set[str] = set()
        self._one_at_a_time = anyio.Lock()
        desk.on_look(self._see)
        desk.on_give_up(self._cut_short)
        desk.on_end(self._cut_short)
        desk.on_adopt(self._go_on)
        self._notes = ObservationNotes(parts=parts, look="look.natural")

    async def _see(self, watch: SortieWatch, look: Look) -> None:
        async with self._one_at_a_time:
            await self._end_what_is_over(watch)
            if self._open is None:
                self._open = await self._begun(watch)  # this look is among those it was given
            else:
                self._open.meter.see(look)
            if self._open is not None:
                effect = self._open.meter.result()
                await self._note(self._open, effect)
                if effect.verdict is not None:
                    await self._settle(watch, self._open, effect)

    async def _cut_short(self, watch: SortieWatch) -> None:
        """Nobody looks any more."""
        async with self._one_at_a_time:
            one = self._open
            if one is not None:
                await self._desk.kept(partial(self._cut, watch, one))

    async def _go_on(self, watch: SortieWatch) -> None:
        """An earlier run of the station watched it: what is left of the time is observed."""
        for alert in list(watch.alerts.values()):
            async with self._one_at_a_time:
                if not _is_unspoken(alert) or self._open is not None:
                    continue
                noted = await self._notes.read(_name(alert.alert_id))
                if noted is None or await self._is_over(alert, noted.begun):
                    continue
                begun = noted.begun
                meter = self._meter(alert, begun.since)
                meter.played(started_utc=begun.started_utc, finished_utc=begun.finished_utc)
                meter.resume(begun.before, noted.samples)
                self._open = _Open(
                    alert_id=alert.alert_id, since_utc=begun.finished_utc, meter=meter,
                    noted_count=len(noted.samples),
                )  # fmt: skip
                watch.alert_id = watch.alert_id or alert.alert_id

    async def _is_over(self, alert: CrowdAlert, begun: Begun) -> bool:
        """It has its record, or the patrol spoke to whoever was there."""
        records = self._parts.records
        said = await records.announcements(sortie_id=alert.sortie)
        is_over = any(
            one.effect_id == _name(alert.alert_id) for one in await records.effects(alert.sortie)
        )
        is_over = is_over or any(
            one.started_utc is not None and one.started_utc >= begun.finished_utc for one in said
        )
        if is_over:
            self._done.add(alert.alert_id)
        return is_over

    async def _note(self, one: _Open, effect: Effect) -> None:
        for sample in effect.samples[one.noted_count :]:
            await self._notes.add(_name(one.alert_id), look_fields(sample))
            one.noted_count += 1

    def _meter(self, alert: CrowdAlert, since: str) -> EffectMeter:
        return EffectMeter(
            place=alert.place, radius_m=alert.radius_m, rules=self._parts.rules,
            longest_s=LOOKS_AT_S[-1], since=since,
        )  # fmt: skip

    async def _begun(self, watch: SortieWatch) -> _Open | None:
        alert = watch.alert
        if alert is None or not _is_unspoken(alert) or alert.alert_id in self._done:
            return None
        blocked_utc = watch.blocked_utc.get(alert.alert_id)
        since_utc = blocked_utc or alert.acknowledged_utc
        if since_utc is None:
            return None
        since = "the words were blocked" if blocked_utc else "it was acknowledged, unspoken to"
        meter = self._meter(alert, since)
        for look in watch.looks:
            meter.see(look)
        meter.played(started_utc=since_utc, finished_utc=since_utc)
        before = meter.result().before
        if before is None:
            return None  # without a count before there is nothing to hold the later ones against
        begun = Begun(
            started_utc=since_utc, finished_utc=since_utc, before=before, longest_s=LOOKS_AT_S[-1],
            since=since,
        )  # fmt: skip
        await self._notes.begin(_name(alert.alert_id), begun)
        return _Open(alert_id=alert.alert_id, since_utc=since_utc, meter=meter)

    async def _end_what_is_over(self, watch: SortieWatch) -> None:
        one = self._open
        if one is None:
            return
        alert = watch.alerts.get(one.alert_id)
        if alert is None or alert.announcement_ids or alert.state is AlertState.DISMISSED:
            self._open = None  # spoken to after all, or no crowd: this is no decay
        elif not _is_unspoken(alert) or watch.alert_id != one.alert_id:
            await self._cut(watch, one)  # handed on, or the aircraft went on
        elif watch.blocked_utc.get(one.alert_id, one.since_utc) != one.since_utc:
            self._open = None  # words were stopped meanwhile: counted from then on
        elif any(
            said.started_utc and said.started_utc >= one.since_utc for said in watch.announcements
        ):
            self._open = None  # the patrol spoke to whoever is here, so to these too
            self._done.add(one.alert_id)

    async def _cut(self, watch: SortieWatch, one: _Open) -> None:
        one.meter.cut()
        effect = one.meter.result()
        if not any(sample.is_observed for sample in effect.samples):
            self._open = None  # gone before the first look: it says nothing
            return
        if effect.verdict is None:
            effect = replace(effect, verdict=Verdict.PERSISTING, reason=NOT_TO_THE_END)
        await self._settle(watch, one, effect)

    async def _settle(self, watch: SortieWatch, one: _Open, effect: Effect) -> None:
        alert = watch.alerts[one.alert_id]
        await self._book.keep(effect_record(alert, effect, since_utc=one.since_utc, words=None))
        self._done.add(one.alert_id)
        self._open = None
        self._desk.tell("effect.natural", effect_fields(alert, None, effect))


def _name(alert_id: str) -> str:
    """Of the observation, and of the record that it becomes."""
    return f"{alert_id}-N"


def _is_unspoken(alert: CrowdAlert) -> bool:
    return alert.state is AlertState.ACKNOWLEDGED and not alert.announcement_ids
