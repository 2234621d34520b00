"""Watches the aircraft in the air by the rules. It acts inside the plan and yields to the sticks.

The rules are rows in `guard_rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import datetime

import anyio
import anyio.abc

from drone.guard_drain import Drain
from drone.guard_rules import (
    RULES,
    WAY_HOME_TAKEN,
    GuardRule,
    applying,
    decide,
)
from drone.guard_seen import GuardLimits, Seen
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.crowds import KnownCrowds, SeenCrowds
from patrol.energy import Power
from patrol.errors import CommandDenied, LinkLost
from patrol.in_command import FOLLOWED, InCommand
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Command, Hold, Land, ReturnHome, Vehicle

__all__ = ["Guardian", "decide"]

_ACT_AGAIN_S = 10.0  # wall
_WARN_AFTER_S = 5.0  # wall; what is not known at one moment often is at the next
_WARN_AGAIN_S = 300.0  # wall
_OTHER_AGE_S = 5.0  # wall; where an aircraft was longer ago is no knowledge
_IN_AIR_AGE_S = 10.0  # wall
_TICK_S = 0.5  # wall; samples stop when the link is lost, the watch must not
_BEHIND_S = 3.0  # wall
_STALE_TICKS = 2  # one could be our own process that stood still
_OURS = frozenset({FlightMode.MISSION, FlightMode.HOLD, FlightMode.TAKE_OFF})
_ENDS_IN: dict[type[Command], frozenset[FlightMode]] = {
    Hold: frozenset({FlightMode.HOLD}),
    ReturnHome: FOLLOWED,
    Land: frozenset({FlightMode.LAND}),
}


class Guardian:
    """Watches every sample of the sortie in the air, and the silence between them."""

    def __init__(
        self,
        *,
        vehicle: Vehicle,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        plan: Callable[[], MissionPlan | None],
        in_command: Callable[[], InCommand | None] = lambda: None,
        silent_others: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.limits = GuardLimits()
        self._vehicle = vehicle
        self._bus = bus
        self._world = world
        self._wall = wall
        self._plan = plan
        self._in_command = in_command
        self._silent_others = silent_others  # those of an earlier run too, which were never heard
        self._acted: dict[str, float] = {}
        self._since: dict[str, float] = {}  # when a rule began to apply, wall
        self._stale_ticks = 0
        self._crowds = KnownCrowds()
        self._near_looks = 0
        self._others: dict[str, TelemetrySample] = {}
        self._near_since_utc: datetime | None = None  # somebody is too near, and no look since
        self.power = Power()  # what the battery is said to give
        self._drain = Drain()
        self._waits_since_s: float | None = None  # wall; on the way home, for another
        self._under_way: list[GuardRule] = []
        self._group: anyio.abc.TaskGroup | None = None

    async def run(self) -> None:
        """Guard until cancelled."""
        async with anyio.create_task_group() as self._group:
            self._group.start_soon(self._watch_silence)
            with self._bus.subscribe(TelemetrySample, SeenCrowds, limit=256) as facts:
                async for fact in facts:
                    if isinstance(fact, SeenCrowds):
                        self._see(fact)
                    elif not isinstance(fact, TelemetrySample):
                        continue
                    elif fact.vehicle_id == self._vehicle.vehicle_id:
                        # Not the sample that waited in the queue: since then the sticks may have
                        # taken it.
                        self._guard(self._vehicle.latest() or fact)
                    else:
                        self._others[fact.vehicle_id] = fact

    async def _watch_silence(self) -> None:
        while True:
            await self._wall.sleep(_TICK_S)
            sample = self._vehicle.latest()
            age_s = 0.0 if sample is None else self._wall.monotonic_s() - sample.heard_at_s
            is_stale = age_s > self.limits.link_age_s
            self._stale_ticks = self._stale_ticks + 1 if is_stale else 0
            if sample is not None and self._stale_ticks >= _STALE_TICKS:
                self._guard(sample, age_s)

    def _see(self, look: SeenCrowds) -> None:
        self._crowds.see(look)
        if look.vehicle_id not in (None, self._vehicle.vehicle_id):
            return  # another's eye: its crowds are kept away from, its looks are not counted
        self._near_since_utc = None
        plan, sample = self._plan(), self._vehicle.latest()
        if plan is None or sample is None:
            self._near_looks = 0
            return
        is_near = self._seen(sample, plan).is_crowd_ahead
        self._near_looks = self._near_looks + 1 if is_near else 0

    def _seen(self, sample: TelemetrySample, plan: MissionPlan, age_s: float = 0.0) -> Seen:
        now_s, since_utc = self._wall.monotonic_s(), self._near_since_utc
        others = [other for other in self._others.values() if other.is_in_air is not False]
        heard = [other for other in others if now_s - other.heard_at_s < _OTHER_AGE_S]
        silent = [other.vehicle_id for other in others if other not in heard]
        return Seen(
            sample=sample, plan=plan, limits=self.limits, age_s=age_s, crowds=self._crowds,
            near_looks=self._near_looks, others=tuple(heard), power=self._drain.power(self.power),
            near_blind_s=(sample.time_utc - since_utc).total_seconds() if since_utc else 0.0,
            may_give_way=self._may_give_way(sample), is_waiting=self._waits_since_s is not None,
            silent_others=tuple(dict.fromkeys((*silent, *self._silent_others()))),
        )  # fmt: skip

    def _guard(self, sample: TelemetrySample, age_s: float = 0.0) -> None:
        self._drain.see(sample)
        plan, in_command = self._plan(), self._in_command()
        is_pilot_flying = in_command is not None and in_command.is_pilot_flying
        is_left_alone = is_pilot_flying or sample.mode is FlightMode.MANUAL
        if plan is None or is_left_alone or _is_down(sample):
            self._since.clear()
            self._waits_since_s = None
            return
        self._note_waiting(sample)
        seen = self._seen(sample, plan, age_s)
        if not seen.is_near_crowd:
            self._near_since_utc = None
        elif self._near_since_utc is None:
            self._near_since_utc = sample.time_utc
        rows, now_s = applying(seen), self._wall.monotonic_s()
        self._since = {row.rule: self._since.get(row.rule, now_s) for row in rows}
        is_asked = in_command is not None and in_command.is_asked(sample.mode)
        may_act = sample.mode not in FOLLOWED and (sample.mode in _OURS or is_asked)
        for row in rows:
            if now_s - self._since[row.rule] < row.lasting_s:
                continue
            is_in_effect = row.action is not None and sample.mode in _ENDS_IN[type(row.action)]
            may_wait = row.rule == WAY_HOME_TAKEN  # which looks itself at who asked for the return
            if row.action is not None and not is_in_effect and (may_act or may_wait):
                # The gravest deed alone, and nothing less grave while it waits to be tried again.
                self._begin(row)
                return
            if now_s - self._since[row.rule] >= _WARN_AFTER_S and self._is_due(row, _WARN_AGAIN_S):
                self._tell(row, "warn", "in effect" if is_in_effect else "told")
            if may_wait:
                return  # what calls it home has waited for this

    def _may_give_way(self, sample: TelemetrySample) -> bool:
        """On a way home that one of us asked for; a fail-safe's or a stranger's is let alone."""
        if self._waits_since_s is not None and sample.mode is FlightMode.HOLD:
            return True
        in_command = self._in_command()
        is_ours = in_command is not None and in_command.is_asked(FlightMode.RETURN)
        return is_ours and sample.mode is FlightMode.RETURN

    def _note_waiting(self, sample: TelemetrySample) -> None:
        """Whoever sent it on has ended its waiting; a sample may be a little behind the hold."""
        since_s = self._waits_since_s
        if since_s is None or sample.mode is FlightMode.HOLD:
            return
        if sample.mode is not FlightMode.RETURN or (self._wall.monotonic_s() - since_s > _BEHIND_S):
            self._waits_since_s = None

    def _begin(self, row: GuardRule) -> None:
        """Beside the watch, which goes on: what is graver must not wait for a deed to end."""
        gravity = RULES.index(row)
        if self._group is None or any(RULES.index(other) <= gravity for other in self._under_way):
            return
        if self._is_due(row, _ACT_AGAIN_S):
            self._under_way.append(row)
            self._group.start_soon(self._act, row)

    def _is_due(self, row: GuardRule, again_s: float) -> bool:
        now_s = self._wall.monotonic_s()
        is_due = now_s - self._acted.get(row.rule, -again_s) >= again_s
        if is_due:
            self._acted[row.rule] = now_s
        return is_due

    async def _act(self, row: GuardRule) -> None:
        outcome, outcome_zh = "done", ""
        if row.action is not None:
            in_command = self._in_command()
            modes = _ENDS_IN[type(row.action)]
            try:
                with in_command.asking(*modes) if in_command is not None else nullcontext():
                    with anyio.CancelScope(shield=True):
                        await self._vehicle.do(row.action)
            except (CommandDenied, LinkLost) as error:
                # Told below; the rule acts again while it applies.
                outcome, outcome_zh = str(error), error.text_zh
            else:
                is_wait = row.rule == WAY_HOME_TAKEN
                self._waits_since_s = self._wall.monotonic_s() if is_wait else None
            finally:
                self._under_way.remove(row)
        self._tell(row, row.word, outcome, outcome_zh)

    def _tell(self, row: GuardRule, action: str, outcome: str, outcome_zh: str = "") -> None:
        fields = {
            "rule": row.rule, "action": action, "outcome": outcome, "outcome_zh": outcome_zh,
            "text": row.text, "text_zh": row.text_zh,
        }  # fmt: skip
        plan = self._plan()
        self._bus.publish(
            StoryEvent(
                name="guardian",
                time_utc=self._world.now_utc(),
                fields=fields,
                grid=plan.grid_code if plan is not None else "",
                aircraft=self._vehicle.vehicle_id,
            )  # fmt: skip
        )


def _is_down(sample: TelemetrySample) -> bool:
    """On the ground for certain; whether it flies may not be known, or known of long ago."""
    is_old = sample.ages.in_air_s is not None and sample.ages.in_air_s > _IN_AIR_AGE_S
    if sample.is_in_air is None or is_old:
        return sample.is_armed is False and sample.is_in_air is not True
    return sample.is_in_air is False
