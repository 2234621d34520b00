"""Wind over the ground: a steady part and seeded gusts; metres a second, where it blows to."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

_GUST_LASTS_S = 3.0  # correlation time; gusts near the ground last some seconds
_GUST_EVERY_S = 0.1
_GUST_LIMIT = 3.0  # standard deviations


@dataclass(slots=True, kw_only=True)
class Wind:
    """Calm unless told otherwise. The same seed blows the same gusts at the same moments."""

    mean_east_m_s: float = 0.0
    mean_north_m_s: float = 0.0
    pushed_east_m_s: float = 0.0  # on top of it, by a fault
    gust_m_s: float = 0.0  # standard deviation of each axis
    seed: int = 0
    _gust: tuple[float, float] = (0.0, 0.0)
    _due_s: float = 0.0
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the gusts."""
        self._dice = random.Random(self.seed)  # noqa: S311  # the same gusts again

    @classmethod
    def blowing(
        cls, speed_m_s: float, from_deg: float, *, gust_m_s: float = 0.0, seed: int = 0
    ) -> Wind:
        """Wind as a weather report says it: its speed and where it comes from."""
        wind = cls(seed=seed)
        wind.set(speed_m_s, from_deg, gust_m_s)
        return wind

    def set(self, speed_m_s: float, from_deg: float, gust_m_s: float) -> None:
        """Blow otherwise from now on."""
        to_rad = math.radians(from_deg + 180.0)
        self.mean_east_m_s = speed_m_s * math.sin(to_rad)
        self.mean_north_m_s = speed_m_s * math.cos(to_rad)
        self.gust_m_s = gust_m_s

    @property
    def east_m_s(self) -> float:
        """Eastward part now."""
        return self.mean_east_m_s + self.pushed_east_m_s + self._gust[0]

    @property
    def north_m_s(self) -> float:
        """Northward part now."""
        return self.mean_north_m_s + self._gust[1]

    def step(self, duration_s: float) -> None:
        """Let the gusts change: a first-order Gauss-Markov process, at moments of its own.

        They depend on seed and world time alone, not on how a busy machine cuts it into steps.
        """
        self._due_s -= duration_s
        while self._due_s <= 1e-9:
            self._due_s += _GUST_EVERY_S
            self._draw()

    def _draw(self) -> None:
        keep = math.exp(-_GUST_EVERY_S / _GUST_LASTS_S)
        spread = self.gust_m_s * math.sqrt(1.0 - keep * keep)
        most = self.gust_m_s * _GUST_LIMIT
        east, north = (
            max(-most, min(most, part * keep + self._dice.gauss(0.0, spread)))
            for part in self._gust
        )
        self._gust = (east, north)
