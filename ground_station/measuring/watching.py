"""Alerts that were watched, as observations: what became of each crowd, and did it come back."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ground_station.alerts import DISPLACED_M, SAME_CROWD_M, Outcome
from ground_station.measuring.effects import Observed, Treatment
from ground_station.measuring.reading import AFTERWARDS, RaisedAlert, Watched, WatchedAlert
from patrol.geo import GeoPoint, distance_m

_AFTERWARDS_US = round(AFTERWARDS.total_seconds() * 1e6)
_US_PER_S = 1e6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# More degrees of latitude than `DISPLACED_M` ever are: what lies farther is not measured at all.
_FAR_DEG = DISPLACED_M / 100_000.0


def observed(watched: Watched) -> list[Observed]:
    """One for each alert that was watched; what nobody watched says nothing about its end."""
    followers = _Followers(watched.followers)
    return [_observed(alert, followers) for alert in watched.alerts]


class _Followers:
    """Alerts by the time at which they were raised, and by the one that they are a relapse of."""

    def __init__(self, alerts: Sequence[RaisedAlert]) -> None:
        self._alerts = sorted(alerts, key=lambda alert: alert.raised_us)
        self._times = [alert.raised_us for alert in self._alerts]
        self._relapses = {alert.relapse_of for alert in alerts if alert.relapse_of}

    def has_relapsed(self, alert: WatchedAlert) -> bool:
        """Whether the crowd came back."""
        return alert.alert_id in self._relapses

    def was_displaced(self, alert: WatchedAlert, gone_us: int) -> bool:
        """Whether a new crowd stood next to the place soon after the old one had gone."""
        first = bisect.bisect_right(self._times, gone_us)
        last = bisect.bisect_right(self._times, gone_us + _AFTERWARDS_US)
        return any(
            abs(alert.lat_deg - other.lat_deg) <= _FAR_DEG
            and other.alert_id != alert.alert_id
            and other.relapse_of != alert.alert_id
            and SAME_CROWD_M <= _apart_m(alert, other) <= DISPLACED_M
            for other in self._alerts[first:last]
        )


def _apart_m(one: WatchedAlert, other: RaisedAlert) -> float:
    return distance_m(
        GeoPoint(lat_deg=one.lat_deg, lon_deg=one.lon_deg),
        GeoPoint(lat_deg=other.lat_deg, lon_deg=other.lon_deg),
    )


def _observed(alert: WatchedAlert, followers: _Followers) -> Observed:
    after_us = alert.dispersed_after_us
    return Observed(
        alert_id=alert.alert_id,
        treatment=Treatment.SPOKEN if alert.is_spoken else Treatment.NOT_SPOKEN,
        template_id=alert.template_id,
        grid_code=alert.grid_code or "",
        began_utc=_EPOCH + timedelta(microseconds=alert.began_us),
        verdict=Outcome(alert.verdict) if alert.verdict else None,
        dispersed_after_s=None if after_us is None else after_us / _US_PER_S,
        watched_s=alert.watched_us / _US_PER_S,
        relapsed=alert.is_relapsed or followers.has_relapsed(alert),
        displaced=alert.gone_us is not None and followers.was_displaced(alert, alert.gone_us),
    )
