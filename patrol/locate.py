"""What the eye needs to know of grids, without knowing the register."""

from __future__ import annotations

from typing import Protocol

from patrol.geo import GeoPoint


class GridLocator(Protocol):
    """Finds the leaf grid a place lies in."""

    def grid_at(self, point: GeoPoint) -> str | None:
        """The grid's code, or None outside every grid."""
        ...
