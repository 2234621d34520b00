"""Where a user's records live when no folder is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from missions.register_shelf import RegisterShelf


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
