"""Where a user's records live when no folder is named, and the registers among them."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from missions.register import Register, load_register
from missions.register_shelf import RegisterShelf

if TYPE_CHECKING:
    from ground_station.settings import StationSettings


def default_data_dir() -> Path:
    """The platform's usual place for a program's own data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "gridpatrol"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/gridpatrol"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "gridpatrol"


def registers_of(data_dir: Path) -> RegisterShelf:
    """The registers that the station of a data folder has worked with."""
    return RegisterShelf(data_dir / "registers")


def take_register(settings: StationSettings, now_utc: datetime) -> Register:
    """The register that the settings name, kept from now on; ConfigError says why not."""
    return registers_of(settings.data_dir).keep(load_register(settings.register_file), now_utc)
