"""Effects over many announcements, per template, grid and hour, beside natural decay (DOMAIN 4.6).

A share is told with its Wilson 95 % interval, times to disperse as a Kaplan-Meier curve in which
those who were still there, or no longer watched, count as far as they were seen.
"""

from __future__ import annotations

import bisect
import enum
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ground_station.alerts import Outcome
from patrol.clock import SHANGHAI

FEWEST_TO_JUDGE = 5  # below this only the number of cases is told
_Z95 = 1.959964


class Treatment(enum.Enum):
    """Whether anybody was spoken to."""

    SPOKEN = "spoken"
    NOT_SPOKEN = "not spoken"  # blocked or unanswered: natural decay


class Observed(NamedTuple):
    """One alert that was watched."""

    alert_id: str
    treatment: Treatment
    template_id: str  # of the first words; empty where none were
    grid_code: str
    began_us: int  # since 1970: the words, or the alert where there were none
    verdict: Outcome | None
    dispersed_after_s: float | None
    watched_s: float  # how long somebody looked
    relapsed: bool = False
    displaced: bool = False  # a new crowd within 100 m


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """k of n with its interval; without enough cases `share` is None."""

    k: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The share, where enough was seen to name one."""
        return self.k / self.n if self.n >= FEWEST_TO_JUDGE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """After so many seconds this share of crowds was still there, with a 95 % interval."""

    seconds: float
    still_there: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEffect:
    """One template, grid or hour."""

    key: str
    treatment: Treatment
    dispersed: Share
    relapsed: Share  # of those that dispersed
    displaced: Share  # of those that dispersed
    curve: tuple[CurvePoint, ...]


def by_template(observed: Iterable[Observed]) -> list[GroupEffect]:
    """Per template; what nobody spoke to stands under an empty key."""
    return _grouped(observed, lambda one: one.template_id)


def by_grid(observed: Iterable[Observed]) -> list[GroupEffect]:
    """Per grid."""
    return _grouped(observed, lambda one: one.grid_code)


def by_place(observed: Iterable[Observed], digits: int) -> list[GroupEffect]:
    """Per district (6 digits), street (9), community (12) or grid: the totals are the same."""
    return _grouped(observed, lambda one: one.grid_code[:digits])


def by_hour(observed: Iterable[Observed]) -> list[GroupEffect]:
    """Per hour of the day in Shanghai, "08" for 08:00 to 08:59."""
    return _grouped(observed, _hour)


def _hour(one: Observed) -> str:
    return f"{datetime.fromtimestamp(one.began_us / 1e6, SHANGHAI):%H}"


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % interval of k of n (Wilson 1927); of nothing it is everything."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, _Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def survival(observed: Sequence[Observed]) -> tuple[CurvePoint, ...]:
    """Kaplan-Meier of the time until a crowd had dispersed, with Greenwood's interval (log)."""
    left_at = Counter(
        one.dispersed_after_s for one in observed if one.dispersed_after_s is not None
    )
    seen_s = sorted(map(_seen_s, observed))
    points, still, spread = [], 1.0, 0.0
    for at_s, left in sorted(left_at.items()):
        at_risk = len(seen_s) - bisect.bisect_left(seen_s, at_s)
        if at_risk == 0:
            break
        still *= 1.0 - left / at_risk
        if at_risk > left:
            spread += left / (at_risk * (at_risk - left))
        half = _Z95 * math.sqrt(spread)
        low = still * math.exp(-half) if still > 0 else 0.0
        high = min(1.0, still * math.exp(half)) if still > 0 else wilson(0, at_risk)[1]
        points.append(
            CurvePoint(seconds=at_s, still_there=still, low=low, high=high, at_risk=at_risk)
        )
    return tuple(points)


def _seen_s(one: Observed) -> float:
    return one.watched_s if one.dispersed_after_s is None else one.dispersed_after_s


def _grouped(observed: Iterable[Observed], key: Callable[[Observed], str]) -> list[GroupEffect]:
    groups: dict[tuple[str, Treatment], list[Observed]] = {}
    for one in observed:
        if one.verdict is not None:  # an observation that goes on says nothing yet
            groups.setdefault((key(one), one.treatment), []).append(one)
    order = sorted(groups, key=lambda pair: (pair[0], pair[1].value))
    return [_effect(name, treatment, groups[name, treatment]) for name, treatment in order]


def _effect(key: str, treatment: Treatment, group: Sequence[Observed]) -> GroupEffect:
    gone = [one for one in group if one.verdict is Outcome.DISPERSED]
    return GroupEffect(
        key=key,
        treatment=treatment,
        dispersed=share(len(gone), len(group)),
        relapsed=share(sum(one.relapsed for one in gone), len(gone)),
        displaced=share(sum(one.displaced for one in gone), len(gone)),
        curve=survival(group),
    )


def share(k: int, n: int) -> Share:
    """k of n with its interval."""
    low, high = wilson(k, n)
    return Share(k=k, n=n, low=low, high=high)
