"""Finds whose desks a name, an alert, a sortie or a camera belongs to. Nothing else routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ground_station.alarms import same_crowd
from ground_station.alert_levels import AlertLevel
from ground_station.case_desk import CaseDesk
from ground_station.crowd_desk import CrowdDesk
from ground_station.plan_desk import PlanDesk
from ground_station.sortie_desk import SortieDesk
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.records import Records
from patrol.camera import CameraLens
from patrol.energy import Power
from patrol.errors import Refused
from patrol.sighting import Sighting
from patrol.telemetry import TelemetrySample
from patrol.vehicle import Vehicle


class Pictures(Protocol):
    """The fallback picture for browsers without WebCodecs."""

    async def newest(self) -> bytes | None:
        """The newest JPEG, or None while there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """What the API reaches of one aircraft's unit."""

    aircraft: str
    camera_id: str
    lens: CameraLens
    vehicle: Vehicle
    sorties: SortieDesk
    crowd: CrowdDesk
    cases: CaseDesk
    speaking: SpeakingDesk
    pictures: Pictures
    power: Power = Power()  # what its battery gives

    def latest(self) -> TelemetrySample | None:
        """What the aircraft said last."""
        return self.vehicle.latest()


class Switchboard:
    """Every aircraft of the station, in the order of its settings."""

    def __init__(self, desks: Sequence[Desks], *, plans: PlanDesk, records: Records) -> None:
        self._desks = tuple(desks)
        self._plans = plans
        self._records = records

    @property
    def every(self) -> tuple[Desks, ...]:
        """Those of each aircraft."""
        return self._desks

    def named(self, aircraft: str | None) -> Desks:
        """That aircraft's; without a name the only one's. LookupError, or Refused if several."""
        if aircraft is None:
            if len(self._desks) > 1:
                names = ", ".join(desks.aircraft for desks in self._desks)
                raise Refused(f"say which aircraft: {names}", text_zh=f"请指明飞行器：{names}")
            return self._desks[0]
        for desks in self._desks:
            if desks.aircraft == aircraft:
                return desks
        raise LookupError(f"no aircraft {aircraft}")

    def to_launch(self, plan_id: str, aircraft: str | None) -> Desks:
        """The named aircraft's, or those of the one that the plan was made for."""
        made_for = self._plans.aircraft_of(plan_id)
        if made_for is None:
            return self._desks[0]  # the plan is unknown, and any desk says so
        return self.named(aircraft or made_for)

    def of_camera(self, camera_id: str) -> Desks:
        """The aircraft that carries it; LookupError for no camera of ours."""
        for desks in self._desks:
            if desks.camera_id == camera_id:
                return desks
        raise LookupError(f"no camera {camera_id}")

    async def of_alert(self, alert_id: str) -> Desks:
        """The desks whose flight raised it; of an earlier flight, those of its aircraft."""
        for desks in self._desks:
            if desks.crowd.watch is not None and alert_id in desks.crowd.watch.alerts:
                return desks
        alert = await self._records.alert(alert_id)
        return self._or_first(alert.aircraft if alert is not None else "")

    async def of_announcement(self, announcement_id: str) -> Desks:
        """The desks whose loudspeaker the words were meant for; LookupError for no such words."""
        announcement = await self._records.announcement(announcement_id)
        if announcement is None:
            raise LookupError(f"no announcement {announcement_id}")
        if not announcement.alert_id:
            return self._or_first(announcement.aircraft)
        return await self.of_alert(announcement.alert_id)

    async def of_sortie(self, sortie_id: str) -> Desks:
        """The desks that fly it or flew it."""
        for desks in self._desks:
            if desks.sorties.sortie_id == sortie_id:
                return desks
        record = await self._records.sortie(sortie_id)
        return self._or_first(record.vehicle_id if record is not None else "")

    def is_anothers(self, sighting: Sighting, level: AlertLevel, aircraft: str) -> bool:
        """Whether an aircraft other than this one has an alert of the same crowd, as grave."""
        return any(
            desks.crowd.watch is not None
            and same_crowd(desks.crowd.watch.alerts.values(), sighting, level) is not None
            for desks in self._desks
            if desks.aircraft != aircraft
        )

    def _or_first(self, aircraft: str) -> Desks:
        """An aircraft that is not here any more leaves its open business to the first."""
        return next((one for one in self._desks if one.aircraft == aircraft), self._desks[0])
