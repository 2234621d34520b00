"""Room to rise: two of our aircraft never take off side by side, whoever asks first goes first.

The guardian keeps aircraft in the air apart by holding them; two that rise from one place would
both hold there, each in the other's way. An aircraft that may be in the air and is not heard is in
everybody's way, until it is heard on the ground or a named person has seen it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from patrol.clock import WallClock
from patrol.declaration import Declaration
from patrol.geo import GeoPoint, distance_m
from patrol.plan import Finding, Level
from patrol.telemetry import TelemetrySample

# The guardian's 30 m, and the way that the other may still come back before both could stop.
APART_M = 45.0
_HEARD_S = 5.0  # wall; where an aircraft in the air was longer ago is no knowledge
Latest = Callable[[], TelemetrySample | None]


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    latest: Latest
    is_known: Callable[[], bool]


class LaunchRoom:
    """Every aircraft of the station. It asks nobody: what was heard last has to do."""

    def __init__(self, wall: WallClock, *, is_exercise: bool) -> None:
        self._wall = wall
        self._is_exercise = is_exercise
        self._members: dict[str, _Member] = {}
        self._rising: set[str] = set()  # from the last check before take-off to the landing

    def join(self, aircraft: str, latest: Latest, is_known: Callable[[], bool] = _always) -> None:
        """An aircraft of the station; not known while a sortie of it may still be under way."""
        self._members[aircraft] = _Member(latest=latest, is_known=is_known)

    def ask(self, aircraft: str, said: Declaration | None = None) -> list[Finding]:
        """What is in the way; without a STOP it may rise now, and the room is its own."""
        sample = self._members[aircraft].latest()
        place = sample.position if sample is not None else None
        home = sample.home if sample is not None else None
        found = []
        for other in self._members:
            if other != aircraft:
                finding = self._in_the_way(other, place, said) or self._beside(other, home)
                found += [finding] if finding is not None else []
        if not any(finding.level is Level.STOP for finding in found):
            self._rising.add(aircraft)
        return found

    def leave(self, aircraft: str) -> None:
        """It is down again, or did not take off."""
        self._rising.discard(aircraft)

    def silent(self, aircraft: str) -> list[str]:
        """The others that may be in the air and are not heard."""
        return [
            other for other in self._members
            if other != aircraft and self._may_be_up(other) and not self._is_heard(other)
        ]  # fmt: skip

    def _may_be_up(self, aircraft: str) -> bool:
        """Not told is no no; one that was never heard may be up if a sortie of it was open."""
        member = self._members[aircraft]
        sample = member.latest()
        if aircraft in self._rising:
            return True
        return not member.is_known() if sample is None else sample.is_in_air is not False

    def _is_heard(self, aircraft: str) -> bool:
        sample = self._members[aircraft].latest()
        return sample is not None and self._wall.monotonic_s() - sample.heard_at_s <= _HEARD_S

    def _in_the_way(
        self, other: str, place: GeoPoint | None, said: Declaration | None
    ) -> Finding | None:
        sample = self._members[other].latest()
        if not self._may_be_up(other):
            return _never_heard(other) if sample is None else None
        if not self._is_heard(other):
            return _unheard(other, said)
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

    def _beside(self, other: str, home: GeoPoint | None) -> Finding | None:
        """Two in the air must not come home to one place: a lost link brings both at once.

        With a link the guardian lets the farther wait, which is enough for an exercise.
        """
        sample = self._members[other].latest()
        if not self._may_be_up(other):
            return None
        there = sample.home if sample is not None else None
        apart_m = distance_m(home, there) if home is not None and there is not None else None
        if apart_m is not None and apart_m >= APART_M:
            return None
        told = f"{apart_m:.0f} m" if apart_m is not None else "unknown"
        told_zh = f"{apart_m:.0f}米" if apart_m is not None else "未知"
        return Finding(
            code="separation.homes", level=Level.WARN if self._is_exercise else Level.STOP,
            text=f"{other} is in the air and its home is {told} from this one's; {APART_M:.0f} m "
            "are needed: without a link both would come home at once",
            text_zh=f"{other}在空中，其返航点与本机相距{told_zh}，至少需{APART_M:.0f}米：失联时两机将同时返航",
            hint="launch when it has landed, or from a place farther off",
        )  # fmt: skip


def _never_heard(other: str) -> Finding:
    return Finding(
        code="separation.unheard",
        level=Level.WARN,
        hint="no sortie of it is open in the records",
        text=f"{other} was not heard since the station started: it counts as on the ground",
        text_zh=f"地面站启动后未收到{other}的信号：按在地面处理",
    )


def _unheard(other: str, said: Declaration | None) -> Finding:
    """A person who has seen it on the ground knows more than its silence tells."""
    if said is not None and said.by.strip() and other in said.on_ground:
        return Finding(
            code="separation.declared", level=Level.WARN, hint="`declaration.on_ground`",
            text=f"{other} is not heard; it is on the ground by {said.by}'s word alone",
            text_zh=f"{other}无信号；仅凭{said.by}申报其在地面",
        )  # fmt: skip
    return _finding(
        f"{other} may be in the air and is not heard: nobody knows how near",
        f"{other}可能在空中且无信号，距离未知",
        "wait until it is heard on the ground, or name it in `declaration.on_ground` of the launch "
        "if you see it there",
    )


def _finding(text: str, text_zh: str, hint: str = "launch again when it has flown off") -> Finding:
    return Finding(
        code="separation.launch", level=Level.STOP, text=text, text_zh=text_zh, hint=hint
    )
