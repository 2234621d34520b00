"""How bright it is on the ground: the sun or clouds everywhere, or lamps by night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.streets import LAMP_HEIGHT_M, TILE_M, Streets
from sim.weather import Weather

Field = NDArray[np.float32]

_NIGHT = (0.075, 0.06, 0.055)  # BGR; what sky and windows give, as the camera's gain shows it
_LAMP = (0.42, 0.62, 0.80)  # straight below a lamp, warm
_RAIN = (0.74, 0.71, 0.69)  # under clouds, on wet ground
_DAY = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """Shares of broad daylight: blue, green, red."""

    even: tuple[float, float, float]
    lamps: Field | None  # TILE_M x TILE_M metres, one share each, 1 below a lamp

    @property
    def is_daylight(self) -> bool:
        """Whether nothing needs to be darkened."""
        return self.lamps is None and self.even == _DAY

    def at(self, east_m: float, north_m: float) -> tuple[float, float, float]:
        """The light at a place of the world."""
        if self.lamps is None:
            return self.even
        share = float(self.lamps[int(-north_m) % TILE_M, int(east_m) % TILE_M])
        blue, green, red = (e + lamp * share for e, lamp in zip(self.even, _LAMP, strict=True))
        return blue, green, red

    def over_tile(self, side_px: int) -> Field:
        """The light over the repeating square, rows from north, three channels."""
        light = np.empty((side_px, side_px, 3), np.float32)
        light[:] = np.array(self.even, np.float32)
        if self.lamps is not None:
            # Between the middles of metres, going round at the edges as the ground does.
            places = (np.arange(side_px) + 0.5) * (TILE_M / side_px) - 0.5
            near = np.floor(places).astype(int)
            share = (places - near).astype(np.float32)
            rows = self.lamps[near % TILE_M] * (1 - share)[:, None]
            rows += self.lamps[(near + 1) % TILE_M] * share[:, None]
            full = rows[:, near % TILE_M] * (1 - share) + rows[:, (near + 1) % TILE_M] * share
            light += full[:, :, None] * np.array(_LAMP, np.float32)
        return light


def lighting(weather: Weather, streets: Streets) -> Lighting:
    """What a weather makes of the light."""
    if weather.is_night:
        return Lighting(even=_NIGHT, lamps=_lamps(streets))
    return Lighting(even=_RAIN if weather.rain_mm_h > 0.0 else _DAY, lamps=None)


def _lamps(streets: Streets) -> Field:
    """All lamps together on a grid of metres; each falls off as cos^3 over distance squared."""
    middles = np.arange(TILE_M, dtype=np.float32) + 0.5
    light = np.zeros((TILE_M, TILE_M), np.float32)
    for east_m, south_m in streets.lamps_m():
        away_east = _wrapped(middles - east_m)[None, :]
        away_south = _wrapped(middles - south_m)[:, None]
        away_sq = (away_east**2 + away_south**2) / LAMP_HEIGHT_M**2
        light += (1.0 + away_sq) ** -1.5
    return np.minimum(light, 1.0)


def _wrapped(away_m: Field) -> Field:
    """The shorter way round."""
    half = TILE_M / 2.0
    return np.asarray((away_m + half) % TILE_M - half, np.float32)
