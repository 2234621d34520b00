"""Two clocks. World time may run faster in a simulation; wall time is the machine's own."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

import anyio

# Asia/Shanghai has had no daylight saving since 1991, so a fixed offset needs no zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)  # of whatever anybody may state


class WorldClock(Protocol):
    """Time of the rules, the patrol and the records."""

    @property
    def speed(self) -> float:
        """World seconds in a wall second now."""
        ...

    def now_utc(self) -> datetime:
        """World time, aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """World seconds since an arbitrary start; never goes back."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait so many world seconds."""
        ...


class WallClock(Protocol):
    """Time of links, streams, HTTP time-outs and watchdogs."""

    def monotonic_s(self) -> float:
        """Seconds of the machine's monotonic clock, the same in every process on it."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait so many wall seconds."""
        ...


class SystemClock:
    """The machine's clock; both a WorldClock and a WallClock."""

    speed = 1.0

    def now_utc(self) -> datetime:
        """System time, UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """CLOCK_MONOTONIC."""
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        """Wait."""
        await anyio.sleep(max(0.0, duration_s))


def utc_text(moment: datetime) -> str:
    """RFC 3339 with milliseconds and Z, for the wire and the records."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def parse_utc(text: str) -> datetime:
    """Read what `utc_text` wrote (any RFC 3339 with a zone); ValueError without a zone or year."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"no time that there is in UTC: {text!r}") from error


def believable(moment: datetime) -> datetime:
    """The same, or ValueError: years beyond these overflow when they change their zone."""
    if not FIRST_DAY.year <= moment.year <= LAST_DAY.year:
        raise ValueError(f"a time between {FIRST_DAY.year} and {LAST_DAY.year}")
    return moment
