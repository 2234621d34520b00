"""What planning is given beside the register: the ground's height and the airspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from missions.airspace import Airspace
from missions.airspace_file import read_airspace
from missions.heights import Elevation
from missions.open_air import Surroundings
from patrol.errors import ConfigError, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningData:
    """A station's own; the ground does not move, the airspace changes by the hour."""

    elevation: Elevation | None = None
    airspace_file: Path | None = None

    async def around(self) -> Surroundings:
        """What is known now; Refused where the airspace cannot be read."""
        try:
            airspace = await anyio.to_thread.run_sync(airspace_of, self.airspace_file)
        except ConfigError as error:
            raise Refused(str(error), text_zh=error.text_zh) from error
        return Surroundings(elevation_amsl_m=self.elevation, airspace=airspace)


SAMPLE = "sample"  # instead of a file: the invented hills of the sample register


def elevation_of(path: Path | None) -> Elevation | None:
    """The data in a GeoTIFF; None without one. ConfigError for what is none."""
    if path is None:
        return None
    # GDAL takes half a second to load, and most plans want none of it.
    from missions.elevation import read_elevation

    return read_elevation(None if str(path) == SAMPLE else path)


def airspace_of(path: Path | None) -> Airspace | None:
    """The zones in a file as it is now; None without one. ConfigError for what is none."""
    return None if path is None else read_airspace(path)
