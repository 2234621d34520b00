"""How fast people answered: medians with how many there were, and what is still unanswered."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ground_station.alerts import AlertState
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.measuring.effects import Share, wilson
from ground_station.measuring.reading import Measured

_DONE = frozenset({CaseState.CLOSED, CaseState.EVALUATED})


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


def responses_by(measured: Measured, digits: int) -> list[Responses]:
    """Per level of the grid tree: the counts add up to the same at each."""
    codes = [alert.grid_code for alert in measured.alerts]
    codes += [case.grid_code for case in measured.cases]
    return [_responses(key, measured, digits) for key in sorted({_key(c, digits) for c in codes})]


def spread(pairs: Iterable[tuple[datetime | None, datetime | None]]) -> Spread:
    """Of pairs of a beginning and an end; without a beginning it is no case of this."""
    begun = [(since, until) for since, until in pairs if since is not None]
    times = sorted((until - since).total_seconds() for since, until in begun if until is not None)
    return Spread(
        n=len(times),
        median_s=_quantile(times, 0.5),
        p90_s=_quantile(times, 0.9),
        longest_s=times[-1] if times else None,
        waiting=len(begun) - len(times),
    )


def share_of(records: Sequence[Case], is_so: Callable[[Case], bool]) -> Share:
    """How many of them, with the interval."""
    k, n = sum(is_so(one) for one in records), len(records)
    low, high = wilson(k, n)
    return Share(k=k, n=n, low=low, high=high)


def is_on_time(case: Case) -> bool:
    """Whether the owner had fed back, or the case was closed, before its clock ran out."""
    done_utc = case.fed_back_utc or case.closed_utc
    return done_utc is not None and done_utc <= case.due_utc


def _responses(key: str, measured: Measured, digits: int) -> Responses:
    alerts = [one for one in measured.alerts if _key(one.grid_code, digits) == key]
    first = _first_words(measured.announcements)
    # A record of a crowd that went has nobody who must do anything.
    cases = [
        one
        for one in measured.cases
        if _key(one.grid_code, digits) == key and not one.is_record_only
    ]
    closed = [one for one in cases if one.state in _DONE]
    return Responses(
        key=key,
        raised_to_acknowledged=spread(
            (one.raised_utc, one.acknowledged_utc)
            for one in alerts
            # Dismissed or handed on without it is an answer too, and none that is waited for.
            if one.acknowledged_utc is not None or one.state is AlertState.RAISED
        ),
        acknowledged_to_words=spread(
            (one.acknowledged_utc, first[one.alert_id]) for one in alerts if one.alert_id in first
        ),
        dispatched_to_accepted=spread((one.dispatched_utc, one.accepted_utc) for one in cases),
        filed_to_closed=spread((one.filed_utc, one.closed_utc) for one in cases),
        closed_on_time=share_of(closed, is_on_time),
        reworked=share_of(closed, lambda one: one.case_no in measured.reworked),
    )


def _first_words(announcements: Iterable[Announcement]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for said in announcements:
        if said.started_utc is not None:
            first.setdefault(said.alert_id, said.started_utc)
    return first


def _key(code: str | None, digits: int) -> str:
    return (code or "")[:digits]


def _quantile(times: Sequence[float], share: float) -> float | None:
    """The middle two's mean for the median, the nearest rank for others; None of nothing."""
    if not times:
        return None
    if share == 0.5:  # noqa: PLR2004
        middle = len(times) // 2
        return times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    return times[max(0, math.ceil(share * len(times)) - 1)]
