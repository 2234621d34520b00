"""What planning is given beside the register: the height of the ground."""

from __future__ import annotations

from pathlib import Path

from missions.heights import Elevation

SAMPLE = "sample"  # instead of a file: the invented hills of the sample register


def elevation_of(path: Path | None) -> Elevation | None:
    """The data in a GeoTIFF; None without one. ConfigError for what is none."""
    if path is None:
        return None
    # GDAL takes half a second to load, and most plans want none of it.
    from missions.elevation import read_elevation

    return read_elevation(None if str(path) == SAMPLE else path)
