"""How often an alert was right, per grid: dismissals with their reasons count against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ground_station.measuring.effects import Share, share
from ground_station.measuring.reading import AnsweredAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPrecision:
    """Of a grid's answered alerts, those that were not dismissed."""

    grid_code: str  # or whatever it was grouped by
    right: Share
    reasons: tuple[tuple[str, int], ...]  # why the others were dismissed, the commonest first


def precision_by_grid(alerts: Iterable[AnsweredAlert]) -> list[GridPrecision]:
    """Per grid; an alert that nobody has answered yet is neither right nor wrong."""
    return precision_by(alerts, lambda alert: alert.grid_code or "")


def precision_by(
    alerts: Iterable[AnsweredAlert], key: Callable[[AnsweredAlert], str]
) -> list[GridPrecision]:
    """Per whatever `key` names: a grid, a community, a rule, an hour."""
    groups: dict[str, list[AnsweredAlert]] = {}
    for alert in alerts:
        if alert.dismissed_reason or alert.is_acknowledged:
            groups.setdefault(key(alert), []).append(alert)
    return [_precision(name, groups[name]) for name in sorted(groups)]


def _precision(code: str, alerts: list[AnsweredAlert]) -> GridPrecision:
    wrong = [alert for alert in alerts if alert.is_dismissed]
    right, total = len(alerts) - len(wrong), len(alerts)
    reasons = Counter(alert.dismissed_reason for alert in wrong)
    return GridPrecision(
        grid_code=code,
        right=share(right, total),
        reasons=tuple(reasons.most_common()),
    )
