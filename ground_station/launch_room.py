"""Room to rise: two of our aircraft never take off side by side, whoever asks first goes first.

The guardian keeps aircraft in the air apart by holding them; two that rise from one place would
both hold there, each in the other's way.
"""

from __future__ import annotations

from collections.abc import Callable

from patrol.geo import GeoPoint, distance_m
from patrol.plan import Finding, Level
from patrol.telemetry import TelemetrySample

# The guardian's 30 m, and the way that the other may still come back before both could stop.
APART_M = 45.0
Latest = Callable[[], TelemetrySample | None]


class LaunchRoom:
    """Every aircraft of the station. It asks nobody: what was heard last has to do."""

    def __init__(self) -> None:
        self._latest: dict[str, Latest] = {}
        self._rising: set[str] = set()  # from the last check before take-off to the landing

    def join(self, aircraft: str, latest: Latest) -> None:
        """An aircraft of the station."""
        self._latest[aircraft] = latest

    def ask(self, aircraft: str) -> list[Finding]:
        """Nothing when it may rise now, and the room is its own; else who is in the way."""
        sample = self._latest[aircraft]()
        place = sample.position if sample is not None else None
        found = [
            finding
            for other in self._latest
            if other != aircraft and (finding := self._in_the_way(other, place)) is not None
        ]
        if not found:
            self._rising.add(aircraft)
        return found

    def leave(self, aircraft: str) -> None:
        """It is down again, or did not take off."""
        self._rising.discard(aircraft)

    def _in_the_way(self, other: str, place: GeoPoint | None) -> Finding | None:
        sample = self._latest[other]()
        is_up = sample is not None and sample.is_in_air is not False  # not told is no no
        if other not in self._rising and not is_up:
            return None
        there = sample.position if sample is not None else None
        if place is None or there is None:
            return _finding(
                f"{other} may be in the air, nobody knows how near", f"{other}可能在空中，距离未知"
            )
        apart_m = distance_m(place, there)
        if apart_m >= APART_M:
            return None
        return _finding(
            f"{other} rises or flies {apart_m:.0f} m away; {APART_M:.0f} m are needed",
            f"{other}正在{apart_m:.0f}米外起飞或飞行，至少需{APART_M:.0f}米",
        )


def _finding(text: str, text_zh: str) -> Finding:
    return Finding(
        code="separation.launch", level=Level.STOP, text=text, text_zh=text_zh,
        hint="launch again when it has flown off",
    )  # fmt: skip
