"""Ready-made records for the tests of the ground station's core."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.to_thread

from ground_station.alarms import raise_alert
from ground_station.alerts import AlertEvent, CrowdAlert, advance
from ground_station.legal import EXERCISE_LEGAL_BASIS_FILE, read_legal_bases
from ground_station.sorties import SortieRecord, SortieState
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME, migrate_file, prepare_folder
from ground_station.store.shelves import Shelves
from ground_station.templates import load_templates
from ground_station.words.wording_desk import WordingDesk
from patrol.cause import Cause, Role, by_system
from patrol.clock import WorldClock
from patrol.geo import Datum, GeoPoint, Height
from patrol.plan import LookHold, MissionPlan, Waypoint
from patrol.sighting import Sighting, SightingKind, Stage, poisson_count
from vision.crowd_rules import CrowdRules

# 09:30 in Shanghai, when a loudspeaker may be used.
MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
GRID = "440512001003004"
SORTIE = "M-20261124-01-S01"
LEGAL = read_legal_bases(EXERCISE_LEGAL_BASIS_FILE)
PLACE = GeoPoint(lat_deg=23.28, lon_deg=116.73)

OPERATOR = Cause(actor="Wu", role=Role.OPERATOR)
ANNOUNCER = Cause(actor="Lin", role=Role.ANNOUNCER)
REGISTRAR = Cause(actor="Chen", role=Role.REGISTRAR)
PILOT = Cause(actor="Huang", role=Role.PILOT)
LEADER = Cause(actor="Zheng", role=Role.LEADER)
DISTRICT, A_DEPARTMENT = "440512", "440512D01"
SYSTEM = by_system("test.rule")


def holding(actor: str, role: Role) -> Cause:
    """Somebody who holds the role for the whole district, or for a department of the sample."""
    held_for = A_DEPARTMENT if role is Role.DEPARTMENT else DISTRICT
    return Cause(actor=actor, role=role, held_for=held_for)


DISPATCHER = holding("Xu", Role.DISPATCHER)


def later(seconds: float) -> datetime:
    """So many seconds after the morning's start."""
    return MORNING + timedelta(seconds=seconds)


def a_sighting(people: float = 28.0, *, is_valid: bool = True, grid: str | None = GRID) -> Sighting:
    return Sighting(
        sighting_id="S-1",
        kind=SightingKind.GATHERING,
        stage=Stage.RAISED,
        time_utc=MORNING,
        place=PLACE,
        error_m=2.0,
        radius_m=4.0,
        count=poisson_count(people, is_valid=is_valid, reason="" if is_valid else "fog"),
        area_m2=None,
        grid_code=grid,
        sortie=SORTIE,
        rule="HJ-CROWD-1/gathering",
        nearest_person_m=46.0,
        standoff_need_m=30.0,
    )


def an_alert(people: float = 28.0, *, is_exercise: bool = True) -> CrowdAlert:
    alert = raise_alert(
        a_sighting(people),
        alert_id="A-20261124-0001",
        legal=LEGAL,
        rules=CrowdRules(),
        grid_name="第四网格",
        register_version="sample-1",
        is_exercise=True,
    )
    assert isinstance(alert, CrowdAlert)
    return replace(alert, is_exercise=is_exercise)


def an_observed_alert(event: AlertEvent, people: float = 28.0) -> CrowdAlert:
    """Acknowledged, spoken to once, observed, and judged with DISPERSE or PERSIST."""
    alert = advance(an_alert(people), AlertEvent.ACKNOWLEDGE, OPERATOR, later(5))
    alert = advance(
        alert, AlertEvent.ANNOUNCE, ANNOUNCER, later(10), announcement_id="B-20261124-0001"
    )
    alert = advance(alert, AlertEvent.PLAY_ENDED, SYSTEM, later(15))
    return advance(alert, event, SYSTEM, later(100), reason="6 (1-11) for 60 s")


def a_plan() -> MissionPlan:
    home = Height(metres=30.0, datum=Datum.HOME)
    return MissionPlan(
        plan_id="P-1",
        grid_code=GRID,
        grid_name="第四网格",
        register_version="sample-1",
        pattern="boundary",
        home=PLACE,
        home_elevation_amsl_m=12.0,
        waypoints=(Waypoint(point=PLACE, height=home, speed_m_s=4.8),),
        fence=tuple(
            GeoPoint(lat_deg=lat, lon_deg=lon)
            for lat, lon in ((23.279, 116.729), (23.279, 116.731), (23.281, 116.731))
        ),
        ceiling_agl_m=110.0,
        return_height=home,
        look_hold=LookHold(),
        length_m=900.0,
        duration_s=190.0,
        battery_need_pct=40.0,
        created_utc=MORNING,
        is_exercise=True,
    ).approved("Zheng", MORNING)


def a_sortie(state: SortieState = SortieState.AIRBORNE) -> SortieRecord:
    return SortieRecord(
        sortie_id=SORTIE,
        plan_id="P-1",
        plan_digest=a_plan().digest,
        vehicle_id="GP-1",
        grid_code=GRID,
        grid_name="第四网格",
        register_version="sample-1",
        state=state,
        created_utc=MORNING,
        is_exercise=True,
    )


def wordings_of(records: Records, world: WorldClock) -> WordingDesk:
    """The shipped words of an exercise, and what is written in this store."""
    return WordingDesk(
        shipped=load_templates(), shelves=Shelves(records._store), world=world, is_exercise=True
    )


@functools.cache
def _new_database() -> bytes:
    """What the migrations make of an empty folder."""
    with TemporaryDirectory() as folder:
        path = prepare_folder(Path(folder))
        migrate_file(path)
        return path.read_bytes()


def lay_database(folder: Path) -> None:
    """Put a new database where there is none: the migrations need not run in every test."""
    path = folder / DATABASE_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_new_database())


@asynccontextmanager
async def running_store(folder: Path) -> AsyncIterator[Store]:
    """A store whose writer is alive for the length of the block."""
    await anyio.to_thread.run_sync(lay_database, folder)
    store = await Store.open(folder)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run)
            yield store
            tasks.cancel_scope.cancel()
    finally:
        await store.close()
