"""A typed Python client of a station's API: the demo, the benchmarks and our own tests use it."""

from ground_station.client.answers import (
    Aircraft,
    Alert,
    Announcement,
    Case,
    Dispatch,
    Event,
    Finding,
    Made,
    Report,
    Shift,
    State,
    TemplateText,
    Thread,
    Unit,
)
from ground_station.client.http import StationRefused
from ground_station.client.live import Seen
from ground_station.client.station import StationClient

__all__ = [
    "Aircraft",
    "Alert",
    "Announcement",
    "Case",
    "Dispatch",
    "Event",
    "Finding",
    "Made",
    "Report",
    "Seen",
    "Shift",
    "State",
    "StationClient",
    "StationRefused",
    "TemplateText",
    "Thread",
    "Unit",
]
