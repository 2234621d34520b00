"""Who has the aircraft: the modes that were asked for, who holds it, and the pilot's sticks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.mode_words import mode_zh
from patrol.telemetry import FlightMode, TelemetrySample

# The autopilot's own ways home: whoever chose them, they are followed and never countermanded.
FOLLOWED = frozenset({FlightMode.RETURN, FlightMode.LAND})
_HELD = frozenset({FlightMode.HOLD, FlightMode.TAKE_OFF})  # a take-off ends in a hold
_LOOKS = 3  # a mode seen once could be a sample made before our own command was
# At the end of a mission the autopilot holds by itself; on a bad link its word comes seconds later.
_LOOKS_AT_HOLD = 50


class InCommand:
    """One sortie's command. The sticks win: an unasked mode silences everything automatic."""

    def __init__(self) -> None:
        self.held_by: Cause | None = None
        self.is_pilot_flying = False  # until a pilot resumes the patrol: the hand-back
        self._asked: frozenset[FlightMode] = frozenset()
        self._under_way = 0
        self._looks = 0

    @contextmanager
    def asking(self, *modes: FlightMode) -> Iterator[None]:
        """A command of ours is under way that ends in one of these modes."""
        before = self._asked
        self._under_way += 1
        try:
            yield
        except BaseException:
            self._asked = before | frozenset(modes)  # it may have been done all the same
            raise
        else:
            self._asked = frozenset(modes)
        finally:
            self._under_way -= 1
            self._looks = 0

    def found(self, mode: FlightMode, by: Cause) -> None:
        """A station that starts again finds the aircraft in the air in this mode.

        A mission and a way home go on. Why it holds nobody knows any more, so only the pilot ends
        that; any other mode is the sticks'.
        """
        self._looks = 0
        if mode in _HELD:
            self.held_by = by
            self._asked = _HELD
        elif mode is FlightMode.MISSION or mode in FOLLOWED:
            self._asked = frozenset({mode})
        else:
            self._asked = frozenset({FlightMode.MISSION})
            self.is_pilot_flying = True

    def is_ours(self, mode: FlightMode) -> bool:
        """Whether the aircraft does what one of us asked for, or is on a way home."""
        return mode in self._asked or mode in FOLLOWED

    def is_asked(self, mode: FlightMode) -> bool:
        """Whether it is a mode that one of us asked for, an orbit for one."""
        return mode in self._asked

    def has_been_taken(self, sample: TelemetrySample) -> bool:
        """Look once more; True at the look that shows the sticks to have taken it."""
        is_quiet = not self._asked or self._under_way or self.is_pilot_flying
        if is_quiet or sample.is_in_air is False or self.is_ours(sample.mode):
            self._looks = 0
            return False
        self._looks += 1
        needed = _LOOKS_AT_HOLD if sample.mode is FlightMode.HOLD else _LOOKS
        self.is_pilot_flying = self._looks >= needed
        return self.is_pilot_flying

    def require(self, cause: Cause, sample: TelemetrySample | None) -> None:
        """Refused when the system wants to act on an aircraft that the pilot has."""
        if cause.role is not Role.SYSTEM:
            return
        mode = sample.mode if sample is not None else FlightMode.UNKNOWN
        if self.is_pilot_flying or not self.is_ours(mode):
            raise Refused(
                f"the pilot's sticks have the aircraft (mode {mode.value}): nothing automatic "
                "is sent until the pilot resumes",
                text_zh=f"操控员正在手动操控（模式：{mode_zh(mode)}）：操控员恢复任务前不发送任何自动指令",
            )
        if mode in FOLLOWED:
            raise Refused("the aircraft is on its way home", text_zh="飞行器正在返航")
        if self.held_by is not None and self.held_by.role is not Role.SYSTEM:
            raise Refused(
                f"{self.held_by.actor} holds the aircraft, and only the pilot ends that",
                text_zh=f"飞行器由{self.held_by.actor}保持悬停，只有操控员可以结束",
            )

    def resumed(self) -> None:
        """The patrol goes on: nobody holds it, and the pilot has handed it back."""
        self.held_by = None
        self.is_pilot_flying = False
