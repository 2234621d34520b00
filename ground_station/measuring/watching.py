"""Alerts that were watched, as observations: what became of each crowd, and did it come back."""

from __future__ import annotations

from ground_station.alerts import Outcome
from ground_station.measuring.effects import Observed, Treatment
from ground_station.measuring.reading import Watched

_US_PER_S = 1e6
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def observed(watched: Watched) -> list[Observed]:
    """One for each alert that was watched; what nobody watched says nothing about its end."""
    relapsed, displaced = watched.followed.relapsed, watched.followed.displaced
    return [
        Observed(
            alert_id=one.alert_id,
            treatment=Treatment.SPOKEN if one.is_spoken else Treatment.NOT_SPOKEN,
            template_id=one.template_id,
            grid_code=one.grid_code or "",
            began_us=one.began_us,
            verdict=_OUTCOMES.get(one.verdict),
            dispersed_after_s=None
            if one.dispersed_after_us is None
            else one.dispersed_after_us / _US_PER_S,
            watched_s=one.watched_us / _US_PER_S,
            relapsed=one.is_relapsed or one.alert_id in relapsed,
            displaced=one.alert_id in displaced,
        )
        for one in watched.alerts
    ]
