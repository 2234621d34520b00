"""What the battery in the air really gives, from its own charge: cold or old ones give less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from patrol.energy import Power
from patrol.telemetry import TelemetrySample

_LONG_ENOUGH_S = 120.0  # world; a charge that is corrected at take-off says nothing
_ENOUGH_PCT = 4.0  # it is told in whole per cent
_SHORTEST_S = 240.0  # a gauge that jumps is no battery that is empty in a minute


@dataclass(slots=True, kw_only=True)
class Drain:
    """Of one flight."""

    _since_utc: datetime | None = None
    _from_pct: float = 0.0
    _endurance_s: float | None = None

    def see(self, sample: TelemetrySample) -> None:
        """Take a sample; on the ground everything begins anew."""
        if sample.is_in_air is not True or sample.battery is None:
            if sample.is_in_air is False:
                self._since_utc = self._endurance_s = None
            return
        charge_pct = sample.battery.charge_pct
        if self._since_utc is None:
            self._since_utc, self._from_pct = sample.time_utc, charge_pct
            return
        flown_s = (sample.time_utc - self._since_utc).total_seconds()
        spent_pct = self._from_pct - charge_pct
        if flown_s >= _LONG_ENOUGH_S and spent_pct >= _ENOUGH_PCT:
            self._endurance_s = max(_SHORTEST_S, flown_s / spent_pct * 100.0)

    def power(self) -> Power:
        """Our default, or less where this battery gives less; never more."""
        power = Power()
        if self._endurance_s is None:
            return power
        return replace(power, endurance_s=min(power.endurance_s, self._endurance_s))
