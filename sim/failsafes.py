"""What PX4 does when something fails: which reaction wins, when it starts, and how it ends.

The order of gravity, the Hold before a return, what a pilot may take over and when a reaction is
over are PX4 v1.16's; the texts are the ones it sends.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sim.modes import Mode
from sim.parameters import Parameters

_CRITICAL = 2  # MAV_SEVERITY


class Action(enum.IntEnum):
    """The gravest wins."""

    NONE = 0
    WARN = 1
    ALTITUDE = 2  # what is left of a stick mode that has lost its position
    HOLD = 3
    RETURN = 4
    LAND = 5
    DESCEND = 6  # come down without knowing where
    TERMINATE = 7


_TAKEABLE = frozenset({Action.HOLD, Action.RETURN, Action.LAND, Action.DESCEND})
_NEEDS_POSITION = frozenset({Action.HOLD, Action.RETURN, Action.LAND})
MODE_OF = {
    Action.ALTITUDE: Mode.ALTITUDE,
    Action.HOLD: Mode.HOLD, Action.RETURN: Mode.RETURN, Action.LAND: Mode.LAND,
    Action.DESCEND: Mode.LAND,
}  # fmt: skip


class Cause(enum.Enum):
    """What may fail."""

    STATION_SILENT = enum.auto()
    STICKS_GONE = enum.auto()
    FENCE = enum.auto()
    BATTERY_LOW = enum.auto()
    BATTERY_CRITICAL = enum.auto()
    BATTERY_EMERGENCY = enum.auto()
    POSITION_LOST = enum.auto()
    MOTOR = enum.auto()
    ATTITUDE = enum.auto()


class Takeover(enum.IntEnum):
    """Who may end a reaction; the strictest of all active ones holds."""

    ANY = 0
    MODE_ONLY = 1  # a mode command, not the sticks
    NEVER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is done about one cause."""

    action: Action
    ends_with_cause: bool = True  # or else only with a mode command or on the ground
    takeover: Takeover = Takeover.ANY
    is_delayed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What holds now."""

    action: Action
    is_new: bool
    is_taken_by_sticks: bool = False


@dataclass(slots=True, kw_only=True)
class Failsafes:
    """Keeps the active reactions of one flight."""

    parameters: Parameters
    say: Callable[[int, str], None]
    selected: Action = Action.NONE
    _active: dict[Cause, Reaction] = field(default_factory=dict)
    _delay_s: float = 0.0
    _is_taken_over: bool = False
    _has_mode_changed: bool = False
    _has_new_warning: bool = False

    def mode_was_chosen(self) -> None:
        """A person has chosen a mode."""
        self._has_mode_changed = True

    def clear(self) -> None:
        """Armed or disarmed: what was, is over."""
        self._active.clear()
        self._delay_s, self._is_taken_over, self.selected = 0.0, False, Action.NONE

    def update(
        self,
        duration_s: float,
        failing: Mapping[Cause, Reaction],
        intended: Mode,
        *,
        can_hold: bool,
        has_stick_moved: bool,
    ) -> Decision:
        """Decide for the next stretch of time."""
        self._delay_s = max(0.0, self._delay_s - duration_s)
        self._take(failing)
        if self.selected > Action.HOLD or not can_hold or self._is_taken_over:
            self._delay_s = 0.0
        action, takeover = self._worst()
        delayed = Action.NONE
        if self._delay_s > 0.0 and takeover < Takeover.NEVER and Action.HOLD < action:
            action, delayed, takeover = Action.HOLD, action, Takeover.MODE_ONLY
        by_sticks = has_stick_moved and takeover is Takeover.ANY
        if self._may_be_taken(action, takeover, by_sticks=by_sticks):
            is_first = by_sticks and not self._is_taken_over
            self._is_taken_over = True
            kept = Action.WARN if can_hold else self.blind_action()
            decision = self._decided(kept, Action.NONE)
            return replace(decision, is_taken_by_sticks=is_first)
        self._is_taken_over = False
        if not can_hold and action in _NEEDS_POSITION:
            action, delayed = Action.DESCEND, Action.NONE
        if _is_under_way(intended, action, delayed):
            action, delayed = Action.WARN, Action.NONE
        return self._decided(action, delayed)

    def blind_action(self) -> Action:
        """What becomes of position mode without a position: COM_POSCTL_NAVL."""
        is_by_sticks = self.parameters.whole("COM_POSCTL_NAVL") == 0
        return Action.ALTITUDE if is_by_sticks else Action.DESCEND

    def _take(self, failing: Mapping[Cause, Reaction]) -> None:
        for cause, reaction in failing.items():
            if cause in self._active:
                self._active[cause] = replace(self._active[cause], action=reaction.action)
                continue
            self._active[cause] = reaction
            if reaction.action is Action.WARN:
                self._has_new_warning = True
            elif reaction.is_delayed and self._delay_s == 0.0:
                self._delay_s = self.parameters["COM_FAIL_ACT_T"]
            if reaction.action >= Action.HOLD:
                self._is_taken_over = False
        is_chosen = self._has_mode_changed or self._is_taken_over
        for cause, reaction in list(self._active.items()):
            if cause not in failing and (reaction.ends_with_cause or is_chosen):
                del self._active[cause]

    def _worst(self) -> tuple[Action, Takeover]:
        reactions = self._active.values()
        action = max((reaction.action for reaction in reactions), default=Action.NONE)
        return action, max((r.takeover for r in reactions), default=Takeover.ANY)

    def _may_be_taken(self, action: Action, takeover: Takeover, *, by_sticks: bool) -> bool:
        if action not in _TAKEABLE or takeover is Takeover.NEVER:
            return False
        # A mode that was chosen before the reaction began does not end it.
        by_mode = self._has_mode_changed and action is self.selected
        return self._is_taken_over or by_mode or by_sticks

    def _decided(self, action: Action, delayed: Action) -> Decision:
        is_new = action is not self.selected
        if action > self.selected or (action is not Action.NONE and self._has_new_warning):
            if delayed is not Action.NONE:
                wait_s = round(self._delay_s)
                text = f"Failsafe activated: entering Hold for {wait_s} seconds"
            else:
                text = "Failsafe activated"
            self.say(_CRITICAL, text)
        self._has_new_warning = self._has_mode_changed = False
        self.selected = action
        return Decision(action=action, is_new=is_new)


def _is_under_way(intended: Mode, action: Action, delayed: Action) -> bool:
    """Whether a return would only interrupt the landing or return that is being flown."""
    wants_return = Action.RETURN in (action, delayed)
    return wants_return and intended in (Mode.RETURN, Mode.LAND)
