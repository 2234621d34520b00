"""In-flight rules as rows, gravest first. It acts inside the plan and yields to the sticks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import anyio

from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, LinkLost
from patrol.geo import distance_m, is_inside
from patrol.in_command import FOLLOWED, InCommand
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.telemetry import Fix, FlightMode, TelemetrySample
from patrol.vehicle import Command, Hold, Land, ReturnHome, Vehicle

_ACT_AGAIN_S = 10.0  # wall
_TICK_S = 0.5  # wall; samples stop when the link is lost, the watch must not
_STALE_TICKS = 2  # one could be our own process that stood still
_OURS = frozenset({FlightMode.MISSION, FlightMode.HOLD, FlightMode.TAKE_OFF})
_ENDS_IN: dict[type[Command], frozenset[FlightMode]] = {
    Hold: frozenset({FlightMode.HOLD}),
    ReturnHome: FOLLOWED,
    Land: frozenset({FlightMode.LAND}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Our defaults [P]."""

    fence_slack_m: float = 3.0
    ceiling_slack_m: float = 3.0
    land_pct: float = 8.0
    return_pct: float = 20.0
    link_age_s: float = 5.0  # wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a rule looks at."""

    sample: TelemetrySample
    plan: MissionPlan
    limits: GuardLimits
    age_s: float = 0.0  # wall, since the position was heard

    @property
    def charge_pct(self) -> float:
        """The battery's charge; full where it is not known, which is a row of its own."""
        return self.sample.battery.charge_pct if self.sample.battery else 100.0

    @property
    def is_outside(self) -> bool:
        """Beyond the fence and its slack; no where there is no position: a row of its own."""
        position, fence = self.sample.position, self.plan.fence
        if position is None or is_inside(position, fence):
            return False
        return min(distance_m(position, corner) for corner in fence) > self.limits.fence_slack_m

    @property
    def is_too_high(self) -> bool:
        """Above the plan's ceiling and its slack; no where there is no height: a row of its own."""
        height_m = self.sample.height_above_home_m
        limit_m = self.plan.ceiling_agl_m + self.limits.ceiling_slack_m
        return height_m is not None and height_m > limit_m

    @property
    def has_no_fix(self) -> bool:
        """No satellite position, or none told."""
        return self.sample.gnss is None or self.sample.gnss.fix < Fix.THREE_D


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """The first row that applies wins. A value that is missing makes its row apply."""

    rule: str
    applies: Callable[[Seen], bool]
    action: Command | None  # None: warn only
    word: str


def _row(
    rule: str, applies: Callable[[Seen], bool], action: Command | None, word: str
) -> GuardRule:
    return GuardRule(rule=rule, applies=applies, action=action, word=word)


# An aircraft that we no longer hear may still hear us: it is called home by `link.stale`. Its own
# link-loss fail-safe would not act, for to it the link is whole.
RULES = (
    _row("battery.critical", lambda s: s.charge_pct < s.limits.land_pct, Land(), "land"),
    _row("fence.breached", lambda s: s.is_outside, ReturnHome(), "return"),
    _row("ceiling.breached", lambda s: s.is_too_high, ReturnHome(), "return"),
    _row("battery.low", lambda s: s.charge_pct < s.limits.return_pct, ReturnHome(), "return"),
    _row("link.stale", lambda s: s.age_s > s.limits.link_age_s, ReturnHome(), "return"),
    _row("gnss.lost", lambda s: s.has_no_fix, Hold(), "hold"),
    _row("position.unknown", lambda s: s.sample.position is None, None, "warn"),
    _row("height.unknown", lambda s: s.sample.height_above_home_m is None, None, "warn"),
    _row("battery.unknown", lambda s: s.sample.battery is None, None, "warn"),
    _row("airborne.unknown", lambda s: s.sample.is_in_air is None, None, "warn"),
)


def decide(
    sample: TelemetrySample,
    plan: MissionPlan,
    limits: GuardLimits | None = None,
    *,
    age_s: float = 0.0,
) -> GuardRule | None:
    """The gravest row that applies, or None."""
    seen = Seen(sample=sample, plan=plan, limits=limits or GuardLimits(), age_s=age_s)
    return next((row for row in RULES if row.applies(seen)), None)


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
    ) -> None:
        self._vehicle = vehicle
        self._bus = bus
        self._world = world
        self._wall = wall
        self._plan = plan
        self._in_command = in_command
        self._acted: dict[str, float] = {}
        self._stale_ticks = 0

    async def run(self) -> None:
        """Guard until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch_silence)
            with self._bus.subscribe(TelemetrySample, limit=256) as samples:
                async for sample in samples:
                    await self._guard(sample)

    async def _watch_silence(self) -> None:
        while True:
            await self._wall.sleep(_TICK_S)
            sample = self._vehicle.latest()
            age_s = 0.0 if sample is None else self._wall.monotonic_s() - sample.heard_at_s
            is_stale = age_s > GuardLimits().link_age_s
            self._stale_ticks = self._stale_ticks + 1 if is_stale else 0
            if sample is not None and self._stale_ticks >= _STALE_TICKS:
                await self._guard(sample, age_s)

    async def _guard(self, sample: TelemetrySample, age_s: float = 0.0) -> None:
        plan = self._plan()
        if plan is None or not self._may_act(sample):
            return
        row = decide(sample, plan, age_s=age_s)
        if row is not None and self._is_due(row):
            await self._act(row)

    def _may_act(self, sample: TelemetrySample) -> bool:
        """In the air or perhaps so, and in a mode of ours: in others the pilot has it."""
        is_down = sample.is_in_air is False or (sample.is_in_air is None and not sample.is_armed)
        in_command = self._in_command()
        is_pilot_flying = in_command is not None and in_command.is_pilot_flying
        return not is_down and not is_pilot_flying and sample.mode in _OURS

    def _is_due(self, row: GuardRule) -> bool:
        now_s = self._wall.monotonic_s()
        is_due = now_s - self._acted.get(row.rule, -_ACT_AGAIN_S) >= _ACT_AGAIN_S
        if is_due:
            self._acted[row.rule] = now_s
        return is_due

    async def _act(self, row: GuardRule) -> None:
        outcome = "done"
        if row.action is not None:
            in_command = self._in_command()
            modes = _ENDS_IN[type(row.action)]
            try:
                with in_command.asking(*modes) if in_command is not None else nullcontext():
                    with anyio.CancelScope(shield=True):
                        await self._vehicle.do(row.action)
            except (CommandDenied, LinkLost) as error:
                outcome = str(error)  # told below; the rule acts again while it applies
        self._bus.publish(
            StoryEvent(
                name="guardian",
                time_utc=self._world.now_utc(),
                fields={"rule": row.rule, "action": row.word, "outcome": outcome},
            )
        )
