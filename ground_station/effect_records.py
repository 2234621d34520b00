"""What a meter saw, as the record that is kept: of words, or of a crowd that nobody spoke to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from ground_station.alerts import CrowdAlert, Outcome
from ground_station.announcements import Announcement
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.observation_notes import OBSERVER
from ground_station.sorties import EffectRecord, EffectSample
from patrol.cause import by_system
from patrol.clock import SHANGHAI
from patrol.errors import Refused
from patrol.sighting import Count
from vision.effect import Effect, Verdict

_FOLLOWER = by_system("effect.follow-up")
_NOT_SEEN = Count(low=0, estimate=0, high=0, is_valid=False, reason="not observed")
_OUTCOMES = {Verdict.DISPERSED: Outcome.DISPERSED, Verdict.PERSISTING: Outcome.PERSISTING}


def effect_record(
    alert: CrowdAlert, effect: Effect, *, since_utc: datetime, words: Announcement | None
) -> EffectRecord:
    """Measured since the end of the words, or without words since nobody spoke."""
    dispersed_utc = effect.dispersed_utc
    return EffectRecord(
        effect_id=f"{words.announcement_id}-E" if words else f"{alert.alert_id}-N",
        alert_id=alert.alert_id,
        sortie=alert.sortie,
        grid_code=alert.grid_code,
        announcement_ids=alert.announcement_ids if words else (),
        observing_since_utc=since_utc,
        before=effect.before,
        samples=tuple(
            EffectSample(dt_s=sample.dt_s, count=sample.count or _NOT_SEEN)
            for sample in effect.samples
        ),
        after=effect.after,
        verdict=_OUTCOMES[effect.verdict] if effect.verdict else None,
        reason=effect.reason,
        is_exercise=alert.is_exercise,
        dispersed_after_s=None
        if dispersed_utc is None
        else (dispersed_utc - since_utc).total_seconds(),
        residual_ratio=effect.residual_ratio,
        valid_pct=effect.valid_pct,
        template_id=words.template_id if words else "",
        template_version=words.template_version if words else None,
        hour=f"{since_utc.astimezone(SHANGHAI):%H}",
    )


@dataclass(slots=True, kw_only=True)
class EffectBook:
    """Keeps the records and, with each new alert, links it to the effect that it belongs to.

    An observation that still goes on has no record yet: its link waits for it here.
    """

    parts: CrowdParts
    desk: CrowdDesk
    # By the observed alert's id: the alert of the crowd that moved on.
    waiting: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk.on_raised(self._follow)

    async def keep(self, record: EffectRecord) -> None:
        """Save it, with the link that came while it was measured."""
        moved = record.displaced_alert_id or self.waiting.get(record.alert_id, "")
        await self.parts.records.save_effect(
            replace(record, displaced_alert_id=moved),
            cause=OBSERVER,
            at_utc=self.parts.world.now_utc(),
        )

    async def _follow(self, raised: CrowdAlert) -> None:
        earlier_id = raised.relapse_of or raised.displaced_from
        if not earlier_id:
            return
        earlier = await self.parts.records.alert(earlier_id)
        if earlier is None:
            return
        if not raised.relapse_of:
            self.waiting[earlier_id] = raised.alert_id
        kept = await self.parts.records.effects(earlier.sortie)
        of_alert = [one for one in kept if one.alert_id == earlier_id]
        if of_alert:
            await self._link(of_alert[-1], raised)

    async def _link(self, effect: EffectRecord, raised: CrowdAlert) -> None:
        records, now = self.parts.records, self.parts.world.now_utc()
        is_relapse = bool(raised.relapse_of)
        kind = "relapse_alert_id" if is_relapse else "displaced_alert_id"
        linked = (
            replace(effect, relapse_alert_id=raised.alert_id)
            if is_relapse
            else replace(effect, displaced_alert_id=raised.alert_id)
        )
        try:
            await records.save_effect(linked, cause=_FOLLOWER, at_utc=now, action="effect.followed")
        except Refused:
            # The log of that sortie is closed for good: what came later is appended to it.
            await records.correct(
                effect.sortie,
                f"{effect.effect_id}: {kind} {raised.alert_id}",
                {"effect": effect.effect_id, kind: raised.alert_id},
                cause=_FOLLOWER,
                at_utc=now,
            )
        self.desk.tell(
            "effect.followed",
            {"effect": effect.effect_id, "alert": effect.alert_id, kind: raised.alert_id},
        )
