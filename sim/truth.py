"""The side door for tests: who truly is where at each picture, as JSON lines in a file.

It exists only where `--truth PATH` names it. No address, ready line or HTTP answer leads to it, so
that whoever flies the simulator sees people through the camera or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from patrol.clock import utc_text
from patrol.errors import ConfigError
from patrol.geo import Enu, LocalFrame
from sim.pose import AircraftPose
from sim.world import Whereabouts


class TruthBook:
    """One line a picture. Several cameras may write into one book, from threads of their own."""

    def __init__(self, descriptor: int, frame: LocalFrame) -> None:
        self._descriptor = descriptor
        self._frame = frame

    def write(
        self, people: Sequence[Whereabouts], pose: AircraftPose, *, name: str, t_utc: datetime,
        world_s: float,
    ) -> None:  # fmt: skip
        """What was so when aircraft `name` took a picture."""
        line = {
            "t_utc": utc_text(t_utc),
            "world_s": round(world_s, 3),
            "aircraft": name,
            "pose": self._pose(pose),
            "people": [
                {"name": one.name, "doing": one.doing, **self._place(one.place)} for one in people
            ],
        }
        # Opened to append, so each line is whole however many write.
        os.write(self._descriptor, (json.dumps(line) + "\n").encode())

    def _pose(self, pose: AircraftPose) -> dict[str, Any]:
        return {
            **self._place(self._frame.to_enu(pose.point)),
            "height_agl_m": round(pose.height_agl_m, 2),
            "heading_true_deg": round(pose.heading_true_deg, 2),
            "camera_bearing_true_deg": round(pose.camera.bearing_true_deg, 2),
            "camera_pitch_deg": round(pose.camera.pitch_deg, 2),
            "is_in_air": pose.is_in_air,
        }

    def _place(self, place: Enu) -> dict[str, float]:
        point = self._frame.to_geo(place)
        return {
            "east_m": round(place.east_m, 2), "north_m": round(place.north_m, 2),
            "lat_deg": round(point.lat_deg, 8), "lon_deg": round(point.lon_deg, 8),
        }  # fmt: skip


@contextmanager
def truth_book(path: Path | None, frame: LocalFrame) -> Iterator[TruthBook | None]:
    """A new book that only its owner may read; None without a path. ConfigError if it cannot be."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigError(f"--truth {path}: cannot be written ({error.strerror})") from error
    try:
        yield TruthBook(descriptor, frame)
    finally:
        os.close(descriptor)
