"""For whom words are: the crowd of an alert, or whoever is below an aircraft on its patrol."""

from __future__ import annotations

from dataclasses import dataclass

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import CrowdAlert
from patrol.geo import GeoPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What the rules have to know of them. Missing is None and never a pass."""

    grid_code: str | None
    place: GeoPoint | None
    alert_id: str = ""  # empty: no crowd, but whoever is there
    level: AlertLevel | None = None  # of the alert
    legal_basis_id: str = ""


def crowd_of(alert: CrowdAlert) -> Listeners:
    """The people of an alert."""
    return Listeners(
        grid_code=alert.grid_code,
        place=alert.place,
        alert_id=alert.alert_id,
        level=alert.level,
        legal_basis_id=alert.legal_basis_id,
    )
