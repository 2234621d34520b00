"""How one aircraft is reached and heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Of one aircraft, as the squad configured it."""

    name: str
    url: str  # udpin://, udpout://, tcpin://, tcpout:// or serial://
    system_id: int | None = None  # None: the first autopilot that is heard at that address
    rate_hz: float = 5.0  # samples a second
    log_folder: Path | None = None  # for the raw log of the link; None: none is written
