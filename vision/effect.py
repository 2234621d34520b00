"""What an announcement did: counts on the same ground before and after, and a verdict."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patrol.geo import GeoPoint, distance_m, is_inside, offset
from patrol.sighting import Count, Look, poisson_count
from vision.crowd_rules import CrowdRules

LOOKS_AT_S = (60.0, 180.0, 300.0, 600.0)
_BASELINE = timedelta(seconds=60)
_AROUND = timedelta(seconds=10)  # looks this near to the asked moment make up its count
_SUSTAINED = timedelta(seconds=60)
_GAP_MAX = timedelta(seconds=10)  # nobody watched for longer: the minute starts anew
_DISPERSED_SHARE = 0.5  # of the baseline
_VALID_SHARE_MIN = 0.5
_SMOOTHED_LOOKS = 5
_MARGIN_M = 5.0  # people who step aside are still there
_SMALLEST_M = 10.0
_RIM_POINTS = 8


class Verdict(enum.Enum):
    """What the counts say together."""

    DISPERSED = "dispersed"
    PERSISTING = "persisting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The count so long after the words; None where nothing valid was seen then."""

    dt_s: float
    count: Count | None
    is_observed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The observation so far. `verdict` is None while it goes on."""

    before: Count | None
    after: Count | None
    samples: tuple[Sample, ...]
    verdict: Verdict | None
    reason: str
    dispersed_utc: datetime | None
    residual_ratio: float | None
    valid_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    time_utc: datetime
    people: int | None  # None: the look was not valid, or the place was not in the picture


class EffectMeter:
    """Counts people on one circle of ground around an announcement. All times are world time."""

    def __init__(
        self,
        *,
        place: GeoPoint,
        radius_m: float,
        rules: CrowdRules,
        longest_s: float,
        since: str = "the words",
    ) -> None:
        self._place, self._since = place, since
        # The ground where they stood has to be whole in the picture; the margin around it need not.
        self._rim = tuple(
            offset(
                place,
                east_m=radius_m * math.sin(2.0 * math.pi * number / _RIM_POINTS),
                north_m=radius_m * math.cos(2.0 * math.pi * number / _RIM_POINTS),
            )
            for number in range(_RIM_POINTS)
        )
        self._radius_m = max(_SMALLEST_M, radius_m + _MARGIN_M)
        self._rules = rules
        self._longest = timedelta(seconds=longest_s)
        self._counted: list[_Counted] = []
        self._started_utc: datetime | None = None
        self._finished_utc: datetime | None = None
        self._below_since_utc: datetime | None = None
        self._valid_before_utc: datetime | None = None
        self._samples: list[Sample] = []
        self._verdict: Verdict | None = None
        self._reason = ""
        self._is_resumed = False
        self._kept_before: Count | None = None

    def played(self, *, started_utc: datetime, finished_utc: datetime) -> None:
        """The words were heard between these moments."""
        self._started_utc, self._finished_utc = started_utc, finished_utc

    def resume(self, before: Count | None, samples: Sequence[Sample]) -> None:
        """Go on after the looks were lost, with what they had counted; call `played` before.

        A moment that passed meanwhile was not observed, and what share of the looks was valid
        nobody knows any more.
        """
        self._is_resumed, self._kept_before = True, before
        self._samples = list(samples)

    def see(self, look: Look) -> None:
        """Take one look, before or after the words."""
        if self._verdict is not None:
            return
        self._counted.append(_Counted(time_utc=look.captured_utc, people=self._people_in(look)))
        if self._finished_utc is None or look.captured_utc < self._finished_utc:
            return
        self._take_samples(look.captured_utc)
        self._judge(look.captured_utc)

    def cut(self) -> None:
        """End without a verdict, as a further announcement does: later looks are not observed."""
        self._mark_unobserved()

    def result(self) -> Effect:
        """The observation as it stands."""
        before, after = self._before(), self._after()
        ratio = None
        if before is not None and after is not None and before.estimate > 0:
            ratio = round(after.estimate / before.estimate, 3)
        is_dispersed = self._verdict is Verdict.DISPERSED
        return Effect(
            before=before,
            after=after,
            samples=tuple(self._samples),
            verdict=self._verdict,
            reason=self._reason,
            dispersed_utc=self._below_since_utc if is_dispersed else None,
            residual_ratio=ratio,
            valid_pct=self._valid_pct(),
        )

    def _people_in(self, look: Look) -> int | None:
        if not look.is_valid or not all(
            is_inside(point, look.footprint) for point in (self._place, *self._rim)
        ):
            return None
        return sum(
            1 for person in look.people
            if person.is_countable and distance_m(person.point, self._place) <= self._radius_m
        )  # fmt: skip

    def _between(self, start: datetime, end: datetime) -> list[_Counted]:
        return [counted for counted in self._counted if start <= counted.time_utc <= end]

    def _median(self, start: datetime, end: datetime) -> Count | None:
        valid = [c.people for c in self._between(start, end) if c.people is not None]
        return poisson_count(statistics.median(valid)) if valid else None

    def _before(self) -> Count | None:
        if self._is_resumed:
            return self._kept_before
        if self._started_utc is None:
            return None
        return self._median(self._started_utc - _BASELINE, self._started_utc)

    def _after(self) -> Count | None:
        if self._finished_utc is None or not self._counted:
            return None
        newest = self._counted[-1].time_utc
        return self._median(max(self._finished_utc, newest - _AROUND), newest)

    def _valid_pct(self) -> float | None:
        if self._finished_utc is None or self._is_resumed:
            return None
        since = [c for c in self._counted if c.time_utc >= self._finished_utc]
        if not since:
            return None
        return round(100.0 * sum(c.people is not None for c in since) / len(since), 1)

    def _take_samples(self, now: datetime) -> None:
        assert self._finished_utc is not None  # noqa: S101  # `see` has looked
        for dt_s in LOOKS_AT_S[len(self._samples) :]:
            moment = self._finished_utc + timedelta(seconds=dt_s)
            if now < moment + _AROUND:
                return
            self._take_sample(dt_s)

    def _take_sample(self, dt_s: float) -> None:
        assert self._finished_utc is not None  # noqa: S101  # its callers have looked
        moment = self._finished_utc + timedelta(seconds=dt_s)
        count = self._median(moment - _AROUND, moment + _AROUND)
        self._samples.append(Sample(dt_s=dt_s, count=count, is_observed=count is not None))

    def _judge(self, now: datetime) -> None:
        assert self._finished_utc is not None  # noqa: S101  # `see` has looked
        before = self._before()
        threshold = max(self._rules.n_clear, _DISPERSED_SHARE * before.estimate if before else 0.0)
        since = [c for c in self._counted if c.time_utc >= self._finished_utc]
        valid = [c.people for c in since if c.people is not None]
        recent = valid[-_SMOOTHED_LOOKS:]
        if self._counted[-1].people is not None and recent:
            if now - (self._valid_before_utc or now) > _GAP_MAX:
                self._below_since_utc = None  # what happened meanwhile nobody saw
            self._valid_before_utc = now
            if poisson_count(statistics.median(recent)).high <= threshold:
                self._below_since_utc = self._below_since_utc or now
            else:
                self._below_since_utc = None
        if before is not None and self._is_sustained(now):
            self._end(Verdict.DISPERSED, f"at most {threshold:.1f} people for 60 s")
        elif now - self._finished_utc >= self._longest + _AROUND:
            words = "not dispersed" if valid else "nothing valid was seen"
            after_s = self._longest.total_seconds()
            self._end(Verdict.PERSISTING, f"{words} {after_s:.0f} s after {self._since}")

    def _is_sustained(self, now: datetime) -> bool:
        if self._below_since_utc is None or now - self._below_since_utc < _SUSTAINED:
            return False
        if self._counted[-1].people is None:
            return False  # it takes a look to say so
        window = self._between(now - _SUSTAINED, now)
        return sum(c.people is not None for c in window) >= _VALID_SHARE_MIN * len(window)

    def _end(self, verdict: Verdict, reason: str) -> None:
        self._verdict, self._reason = verdict, reason
        self._mark_unobserved()

    def _mark_unobserved(self) -> None:
        """Moments that were reached are told from what was seen of them; the later are not."""
        newest_utc = self._counted[-1].time_utc if self._counted else None
        for dt_s in LOOKS_AT_S[len(self._samples) :]:
            if newest_utc and self._finished_utc:
                if newest_utc >= self._finished_utc + timedelta(seconds=dt_s):
                    self._take_sample(dt_s)
                    continue
            self._samples.append(Sample(dt_s=dt_s, count=None, is_observed=False))
