"""How fast people answered: medians with how many there were, and what is still unanswered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ground_station.measuring.effects import Share, share
from ground_station.measuring.reading import AnsweredAlert, Answers, HandledCase

_US_PER_S = 1e6
R = TypeVar("R", AnsweredAlert, HandledCase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Times in seconds; of nothing there is no median. `waiting` have not been answered yet."""

    n: int
    median_s: float | None
    p90_s: float | None
    longest_s: float | None
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """One grid, community, street or the district."""

    key: str
    raised_to_acknowledged: Spread
    acknowledged_to_words: Spread
    dispatched_to_accepted: Spread
    filed_to_closed: Spread
    closed_on_time: Share
    reworked: Share  # of the closed ones


def responses_by(answers: Answers, digits: int) -> list[Responses]:
    """Per level of the grid tree: the counts add up to the same at each."""
    alerts = _grouped(answers.alerts, digits)
    cases = _grouped(answers.cases, digits)
    return [
        _responses(key, alerts.get(key, []), cases.get(key, []), answers.reworked)
        for key in sorted({*alerts, *cases})
    ]


def spread(times_us: Iterable[int | None], *, waiting: int = 0) -> Spread:
    """Of times in microseconds; None is not counted, and neither is whoever waits."""
    times = sorted(time_us for time_us in times_us if time_us is not None)
    return Spread(
        n=len(times),
        median_s=_quantile(times, 0.5),
        p90_s=_quantile(times, 0.9),
        longest_s=times[-1] / _US_PER_S if times else None,
        waiting=waiting,
    )


def share_of(flags: Iterable[bool]) -> Share:
    """How many of them, with the interval."""
    known = list(flags)
    return share(sum(known), len(known))


def _responses(
    key: str, alerts: list[AnsweredAlert], filed: list[HandledCase], reworked: frozenset[str]
) -> Responses:
    # A record of a crowd that went has nobody who must do anything.
    cases = [one for one in filed if not one.is_record_only]
    dispatched = [one for one in cases if one.is_dispatched]
    closed = [one for one in cases if one.is_done]
    return Responses(
        key=key,
        raised_to_acknowledged=spread(
            (one.acknowledged_after_us for one in alerts),
            # Dismissed or handed on without it is an answer too, and none that is waited for.
            waiting=sum(one.is_unanswered and one.acknowledged_after_us is None for one in alerts),
        ),
        acknowledged_to_words=spread(one.words_after_us for one in alerts),
        dispatched_to_accepted=spread(
            (one.accepted_after_us for one in dispatched),
            waiting=sum(one.accepted_after_us is None for one in dispatched),
        ),
        filed_to_closed=spread(
            (one.closed_after_us for one in cases),
            waiting=sum(one.closed_after_us is None for one in cases),
        ),
        closed_on_time=share_of(one.is_on_time for one in closed),
        reworked=share_of(one.case_no in reworked for one in closed),
    )


def _grouped(records: Iterable[R], digits: int) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for one in records:
        found.setdefault((one.grid_code or "")[:digits], []).append(one)
    return found


def _quantile(times_us: Sequence[int], share: float) -> float | None:
    """The middle two's mean for the median, the nearest rank for others; None of nothing."""
    if not times_us:
        return None
    middle, is_odd = divmod(len(times_us), 2)
    if share != 0.5 or is_odd:  # noqa: PLR2004
        rank = middle if share == 0.5 else max(0, math.ceil(share * len(times_us)) - 1)  # noqa: PLR2004
        return times_us[rank] / _US_PER_S
    return (times_us[middle - 1] / _US_PER_S + times_us[middle] / _US_PER_S) / 2
