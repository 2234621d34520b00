"""`gridpatrol serve`: the ground station for a real aircraft, until it is stopped."""

from __future__ import annotations

from pathlib import Path

from ground_station.settings import read_settings
from ground_station.station import run_station


def serve(config: Path) -> int:
    """Exit code 0 when stopped; ConfigError when it cannot start."""
    run_station(read_settings(config), has_parent=False)
    return 0
