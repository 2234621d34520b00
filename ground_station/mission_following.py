"""What a sortie's record says of its mission: a mission follows its sorties and signs with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ground_station.patrol_missions import (
    BreakPoint,
    MissionEvent,
    MissionState,
    PatrolMission,
    advance,
    day_of,
)
from ground_station.sorties import ENDED, SIGNERS, SortieRecord, SortieState
from patrol.cause import Cause, Role, by_system

_OVER = frozenset({*ENDED, SortieState.CLOSED})
_LANDED = by_system("mission.all_sorties_landed")


def followed(
    mission: PatrolMission,
    sortie: SortieRecord,
    cause: Cause,
    at_utc: datetime,
    *,
    is_every_log_closed: bool,
) -> PatrolMission:
    """The mission as this sortie's record leaves it; Refused for a launch that it does not allow.

    `is_every_log_closed`: of all its sorties, this one among them.
    """
    if sortie.sortie_id not in mission.sorties:
        launched = advance(mission, MissionEvent.LAUNCH, cause, at_utc)
        sorties = (*mission.sorties, sortie.sortie_id)
        mission = replace(
            launched, sorties=sorties, in_hand=sortie.sortie_id, day=day_of(sortie.created_utc)
        )
    if sortie.takeoff_utc is not None:
        mission = taken_off(mission, sortie.takeoff_utc)
    if sortie.state not in _OVER:
        return mission
    if mission.in_hand == sortie.sortie_id:
        mission = replace(mission, in_hand="")
    if sortie.takeoff_utc is not None:
        mission = replace(mission, break_point=break_point_of(sortie))
    if mission.state is MissionState.ACTIVE:
        mission = advance(mission, MissionEvent.LAND, _LANDED, at_utc)
    is_flown = mission.state in (MissionState.LANDED, MissionState.ABORTED)
    if is_flown and is_every_log_closed and sortie.state is SortieState.CLOSED:
        mission = advance(mission, MissionEvent.SIGN, _signer(sortie, cause), at_utc)
    return mission


def taken_off(mission: PatrolMission, at_utc: datetime) -> PatrolMission:
    """Under way, under the name of whoever launched it; one that is already stays as it is."""
    if mission.state is not MissionState.CLEARED:
        return mission
    launches = [step for step in mission.steps if step.event is MissionEvent.LAUNCH]
    if not launches:
        return mission
    pilot = Cause(actor=launches[-1].by, role=Role.PILOT, is_automatic=launches[-1].is_automatic)
    return advance(mission, MissionEvent.TAKE_OFF, pilot, at_utc)


def break_point_of(sortie: SortieRecord) -> BreakPoint | None:
    """Where it left its plan; None for one that flew it whole."""
    if 0 < sortie.waypoint_total <= sortie.waypoint_index:
        return None
    return BreakPoint(
        sortie=sortie.sortie_id, waypoint_index=sortie.waypoint_index,
        waypoint_total=sortie.waypoint_total,
    )  # fmt: skip


def _signer(sortie: SortieRecord, cause: Cause) -> Cause:
    """Whoever signed last, where somebody else closes what both have signed."""
    if cause.role in SIGNERS or not sortie.signatures:
        return cause
    last = sortie.signatures[-1]
    return Cause(actor=last.person, role=last.role, is_automatic=last.is_automatic)
