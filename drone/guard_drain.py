"""What the battery in the air really gives, from its own charge: cold or old ones give less."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from patrol.energy import Power
from patrol.telemetry import TelemetrySample

_LONG_ENOUGH_S = 120.0  # world; a charge that is corrected at take-off says nothing
_ENOUGH_PCT = 4.0  # it is told in whole per cent
_SHORTEST_S = 240.0  # a gauge that jumps is no battery that is empty in a minute
# A gauge may fall and then stand: that minute of the flight in which it fell most is left out.
_LEFT_OUT_S = 60.0  # world
_EVERY_S = 5.0  # world


@dataclass(slots=True, kw_only=True)
class Drain:
    """Of one flight."""

    _since_utc: datetime | None = None
    _told: list[tuple[float, float]] = field(default_factory=list)  # seconds flown, per cent
    _endurance_s: float | None = None

    def see(self, sample: TelemetrySample) -> None:
        """Take a sample; on the ground everything begins anew."""
        if sample.is_in_air is not True or sample.battery is None:
            if sample.is_in_air is False:
                self._since_utc = self._endurance_s = None
                self._told.clear()
            return
        self._since_utc = self._since_utc or sample.time_utc
        flown_s = (sample.time_utc - self._since_utc).total_seconds()
        if self._told and flown_s - self._told[-1][0] < _EVERY_S:
            return
        self._told.append((flown_s, sample.battery.charge_pct))
        if flown_s >= _LONG_ENOUGH_S:
            self._endurance_s = self._reckoned()

    def power(self, said: Power | None = None) -> Power:
        """What the battery is said to give, or less where this one gives less; never more."""
        power = said or Power()
        if self._endurance_s is None:
            return power
        return replace(power, endurance_s=min(power.endurance_s, self._endurance_s))

    def _reckoned(self) -> float | None:
        """By the whole flight but its steepest minute; None where that says too little."""
        (from_s, from_pct), (to_s, to_pct) = self._told[0], self._told[-1]
        fell_pct, lasted_s = self._steepest()
        spent_pct, flown_s = from_pct - to_pct - fell_pct, to_s - from_s - lasted_s
        if spent_pct < _ENOUGH_PCT or flown_s < _LONG_ENOUGH_S - _LEFT_OUT_S:
            return None
        return max(_SHORTEST_S, flown_s / spent_pct * 100.0)

    def _steepest(self) -> tuple[float, float]:
        """What the gauge fell in the minute in which it fell most, and how long that was."""
        steepest, first = (0.0, _LEFT_OUT_S), 0
        for at_s, pct in self._told:
            while first + 1 < len(self._told) and at_s - self._told[first + 1][0] >= _LEFT_OUT_S:
                first += 1
            from_s, from_pct = self._told[first]
            if at_s - from_s >= _LEFT_OUT_S and from_pct - pct > steepest[0]:
                steepest = (from_pct - pct, at_s - from_s)
        return steepest
