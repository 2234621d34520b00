"""What the web application of a station in plain Python is handed, its real centre among it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ground_station.centre import CentreParts, make_centre
from ground_station.chronicle import Chronicle
from ground_station.live import Board
from ground_station.mission_desk import MissionDesk, MissionParts
from ground_station.parts import Parts
from ground_station.people.parts import make_people
from ground_station.plan_desk import PlanDesk
from ground_station.settings import StationSettings
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.switchboard import Desks, Switchboard
from missions.register import load_register
from patrol.bus import Bus
from tests.fakes import ManualClock
from tests.persons import LAX, SettableClock

REGISTER = load_register()


class Station(Protocol):
    """What such a station has once; `wall` is the clock of sign-ins and sessions."""

    bus: Bus
    board: Board
    clock: ManualClock
    wall: SettableClock
    records: Records
    telemetry: TelemetryLog
    chronicle: Chronicle
    plans: PlanDesk


def web_parts(
    station: Station, settings: StationSettings, desks: Sequence[Desks], switchboard: Switchboard
) -> Parts:
    """Its parts, with persons whose passwords are hashed cheaply."""
    store = station.records._store
    centre = make_centre(
        CentreParts(
            settings=settings, store=store, telemetry=station.telemetry, register=REGISTER,
            board=station.board, chronicle=station.chronicle, world=station.clock,
            is_flying=lambda: any(one.sorties.plan is not None for one in desks),
        )
    )  # fmt: skip
    return Parts(
        settings=settings, bus=station.bus, board=station.board, world=station.clock,
        grids_geojson=REGISTER.to_geojson(), register=REGISTER, records=station.records,
        people=make_people(
            store=store, is_exercise=True, world_utc=station.clock.now_utc,
            now=station.wall.now_utc, now_s=station.wall.monotonic_s, strictness=LAX,
        ),
        centre=centre, plans=station.plans, switchboard=switchboard,
        missions=missions_of(station, switchboard),
    )  # fmt: skip


def missions_of(station: Station, switchboard: Switchboard) -> MissionDesk:
    """Its desk of missions, which the test keeps alive."""
    return MissionDesk(
        MissionParts(
            records=station.records, plans=station.plans, switchboard=switchboard, bus=station.bus,
            board=station.board, chronicle=station.chronicle, world=station.clock,
            wall=station.clock, is_exercise=True,
        )
    )  # fmt: skip
