"""Airspace zones: what is closed, where, how high and when, and how old that knowledge is.

The law is in the zones' kinds; whether a permit opens one is decided by `missions.permits`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from shapely.geometry import MultiPolygon, Polygon

from patrol.plan import Finding

AGE_MAX = timedelta(hours=24)  # DOMAIN 5.3, guard of CLEARED


class ZoneKind(enum.StrEnum):
    """What a zone closes."""

    CONTROLLED = "CONTROLLED"  # 管制空域, Interim Regulation Art. 19
    TEMP = "TEMP"  # 临时管制空域, Art. 20
    CATEGORY_BAN = "CATEGORY_BAN"  # by a local notice, such as at schools or large events
    NO_SHOOT = "NO_SHOOT"  # may not be filmed, Art. 34
    NOISE_QUIET = "NOISE_QUIET"  # may not be spoken over, Noise Law Art. 64


ARTICLES = {
    ZoneKind.CONTROLLED: "《无人驾驶航空器飞行管理暂行条例》第十九条",
    ZoneKind.TEMP: "《无人驾驶航空器飞行管理暂行条例》第二十条",
    ZoneKind.CATEGORY_BAN: "",  # its source is the notice
    ZoneKind.NO_SHOOT: "《无人驾驶航空器飞行管理暂行条例》第三十四条",
    ZoneKind.NOISE_QUIET: "《噪声污染防治法》第六十四条",
}
CLOSED = (ZoneKind.CONTROLLED, ZoneKind.TEMP, ZoneKind.CATEGORY_BAN, ZoneKind.NO_SHOOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AirspaceZone:
    """One zone; its shape is WGS-84, longitude first as shapely wants it."""

    zone_id: str  # empty: its source gives it none
    kind: ZoneKind
    name: str
    shape: Polygon | MultiPolygon
    source: str
    fetched_utc: datetime
    floor_agl_m: float = 0.0
    ceiling_agl_m: float | None = None  # none: without end
    from_utc: datetime | None = None
    to_utc: datetime | None = None

    @property
    def is_reversed(self) -> bool:
        """Whether it ends before it begins: nobody knows then when it holds."""
        begins, ends = self.from_utc, self.to_utc
        return begins is not None and ends is not None and ends <= begins

    def is_in_force(self, start_utc: datetime, end_utc: datetime) -> bool:
        """At any moment of a time; always where its own times make no sense."""
        if self.is_reversed:
            return True
        is_over = self.to_utc is not None and self.to_utc <= start_utc
        return not is_over and (self.from_utc is None or self.from_utc < end_utc)

    def is_at_height(self, lowest_agl_m: float, highest_agl_m: float) -> bool:
        """Whether a band of heights reaches into it."""
        is_below_all = self.ceiling_agl_m is None or lowest_agl_m <= self.ceiling_agl_m
        return is_below_all and highest_agl_m >= self.floor_agl_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Airspace:
    """All zones that are known, and since when."""

    zones: tuple[AirspaceZone, ...]
    source: str
    fetched_utc: datetime
    problems: tuple[Finding, ...] = ()  # of the data itself

    @property
    def oldest_utc(self) -> datetime:
        """When the oldest part of it was fetched."""
        return min((zone.fetched_utc for zone in self.zones), default=self.fetched_utc)
