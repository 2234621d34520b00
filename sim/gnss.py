"""How far off a good satellite position is: a slow wander, the same for the same seed."""

from __future__ import annotations

import math
import random

from sim.flight_model import FlightModel

_WANDER_M = 0.15  # standard deviation of each axis; a filter's output is this calm
_LASTS_S = 5.0
_EVERY_S = 0.1  # world
_RAW_M = 0.4  # what the receiver itself scatters on top of it


class Gnss:
    """Moves where the aircraft believes to be; it follows that belief, as a real one does."""

    def __init__(self, model: FlightModel, seed: int) -> None:
        self._model = model
        self._wander_m = (0.0, 0.0)
        self._due_s = 0.0
        self._dice = random.Random(seed)  # noqa: S311  # the same noise again
        self._raw_dice = random.Random(f"{seed}/raw")  # noqa: S311

    def step(self, duration_s: float) -> None:
        """Wander on for so many world seconds: a first-order Gauss-Markov process.

        As with gusts, the steps of the world do not change where it wanders.
        """
        self._due_s -= duration_s
        while self._due_s <= 1e-9:
            self._due_s += _EVERY_S
            self._wander()

    def _wander(self) -> None:
        keep = math.exp(-_EVERY_S / _LASTS_S)
        spread_m = _WANDER_M * math.sqrt(1.0 - keep * keep)
        east_m, north_m = (part * keep + self._dice.gauss(0.0, spread_m) for part in self._wander_m)
        # Added, not set: a jump of the position is in the same error.
        self._model.error_east_m += east_m - self._wander_m[0]
        self._model.error_north_m += north_m - self._wander_m[1]
        self._wander_m = (east_m, north_m)

    def scatter_m(self) -> tuple[float, float]:
        """East and north, of one raw fix."""
        return self._raw_dice.gauss(0.0, _RAW_M), self._raw_dice.gauss(0.0, _RAW_M)
