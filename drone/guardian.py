"""In-flight rules as rows, gravest first. It acts inside the plan and yields to the sticks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, LinkLost
from patrol.geo import distance_m, is_inside
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.telemetry import Fix, FlightMode, TelemetrySample
from patrol.vehicle import Command, Hold, Land, ReturnHome, Vehicle

_ACT_AGAIN_S = 10.0  # wall
_OURS = frozenset({FlightMode.MISSION, FlightMode.HOLD, FlightMode.TAKE_OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Our defaults [P]."""

    fence_slack_m: float = 3.0
    ceiling_slack_m: float = 3.0
    land_pct: float = 8.0
    return_pct: float = 20.0
    link_age_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """The first row that applies wins. A value that is missing makes its row apply."""

    rule: str
    applies: Callable[[TelemetrySample, MissionPlan, GuardLimits], bool]
    action: Command | None  # None: warn only
    word: str


def _is_outside(sample: TelemetrySample, plan: MissionPlan, limits: GuardLimits) -> bool:
    if sample.position is None:
        return False  # `position.unknown` is a row of its own
    if is_inside(sample.position, plan.fence):
        return False
    nearest_m = min(distance_m(sample.position, corner) for corner in plan.fence)
    return nearest_m > limits.fence_slack_m


RULES = (
    GuardRule(
        rule="battery.critical",
        applies=lambda s, _, lim: s.battery is not None and s.battery.charge_pct < lim.land_pct,
        action=Land(),
        word="land",
    ),
    GuardRule(rule="fence.breached", applies=_is_outside, action=ReturnHome(), word="return"),
    GuardRule(
        rule="ceiling.breached",
        applies=lambda s, plan, lim: (
            s.height_above_home_m is not None
            and s.height_above_home_m > plan.ceiling_agl_m + lim.ceiling_slack_m
        ),
        action=ReturnHome(),
        word="return",
    ),
    GuardRule(
        rule="battery.low",
        applies=lambda s, _, lim: s.battery is not None and s.battery.charge_pct < lim.return_pct,
        action=ReturnHome(),
        word="return",
    ),
    GuardRule(
        rule="gnss.lost",
        applies=lambda s, _, lim: s.gnss is None or s.gnss.fix < Fix.THREE_D,
        action=Hold(),
        word="hold",
    ),
    GuardRule(
        rule="position.unknown",
        applies=lambda s, _, lim: s.position is None,
        action=None,
        word="warn",
    ),
    GuardRule(
        rule="battery.unknown",
        applies=lambda s, _, lim: s.battery is None,
        action=None,
        word="warn",
    ),
)


def decide(
    sample: TelemetrySample, plan: MissionPlan, limits: GuardLimits | None = None
) -> GuardRule | None:
    """The gravest row that applies, or None."""
    limits = limits or GuardLimits()
    return next((row for row in RULES if row.applies(sample, plan, limits)), None)


class Guardian:
    """Watches every sample of the sortie in the air."""

    def __init__(
        self,
        *,
        vehicle: Vehicle,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        plan: Callable[[], MissionPlan | None],
    ) -> None:
        self._vehicle = vehicle
        self._bus = bus
        self._world = world
        self._wall = wall
        self._plan = plan
        self._acted: dict[str, float] = {}

    async def run(self) -> None:
        """Guard until cancelled."""
        with self._bus.subscribe(TelemetrySample, limit=256) as samples:
            async for sample in samples:
                plan = self._plan()
                # Only in modes that we asked for: in any other the pilot or a fail-safe has it.
                if plan is None or not sample.is_in_air or sample.mode not in _OURS:
                    continue
                row = decide(sample, plan)
                if row is not None and self._is_due(row):
                    await self._act(row)

    def _is_due(self, row: GuardRule) -> bool:
        now_s = self._wall.monotonic_s()
        is_due = now_s - self._acted.get(row.rule, -_ACT_AGAIN_S) >= _ACT_AGAIN_S
        if is_due:
            self._acted[row.rule] = now_s
        return is_due

    async def _act(self, row: GuardRule) -> None:
        outcome = "done"
        if row.action is not None:
            try:
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
