"""What only a person can check before take-off, and the name of who says that it is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One person's word, given just before a flight."""

    by: str
    at_utc: datetime  # world time
    remote_id_ok: bool  # the operational identification sends (GB 46750-2025)
    weather: str  # what the person sees, such as "clear, 3 m/s"; empty: not looked at
    terrain: str = ""  # what the person knows of the relief below the route; empty: not looked at
    on_ground: tuple[str, ...] = ()  # aircraft that are not heard and that the person sees there
    is_automatic: bool = False  # a named auto-operator, in an exercise only
