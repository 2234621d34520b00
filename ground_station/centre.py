"""The centre's desks, put together: casework, shifts, files; they know no aircraft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ground_station.case_rules import read_case_rules
from ground_station.casework.contacts import contacts_for
from ground_station.casework.desk import CaseworkDesk
from ground_station.casework.intake import IntakeDesk
from ground_station.casework.items import read_items
from ground_station.casework.minder import CaseMinder
from ground_station.casework.notice_desk import NoticeDesk
from ground_station.casework.parts import CaseworkParts
from ground_station.casework.sighting_desk import SightingDesk
from ground_station.chronicle import Chronicle
from ground_station.folders import registers_of
from ground_station.legal import LegalBook, legal_for
from ground_station.live import Board
from ground_station.out.desk import ExportDesk
from ground_station.owners import responsibility_for
from ground_station.settings import StationSettings
from ground_station.shifts.desk import ShiftDesk
from ground_station.store.clearances import ClearanceShelf
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.seen import SeenSightings
from ground_station.store.shelves import Shelves
from ground_station.store.telemetry import TelemetryLog
from ground_station.templates import load_templates
from ground_station.words.wording_desk import WordingDesk
from missions.register import Register
from patrol.clock import WorldClock


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreParts:
    """What the centre is built from."""

    settings: StationSettings
    store: Store
    telemetry: TelemetryLog
    register: Register
    board: Board
    chronicle: Chronicle
    world: WorldClock
    is_flying: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The desks of the governance centre."""

    store: Store
    shelves: Shelves
    casework: CaseworkParts
    desk: CaseworkDesk
    intake: IntakeDesk
    notices: NoticeDesk
    sightings: SightingDesk
    minder: CaseMinder
    shifts: ShiftDesk
    exports: ExportDesk
    wordings: WordingDesk
    legal: LegalBook


def make_centre(parts: CentreParts) -> Centre:
    """As the settings want it; ConfigError for a file that is none."""
    settings, store = parts.settings, parts.store
    records, shelves = Records(store), Shelves(store, is_exercise=settings.is_exercise)
    casework = _casework(parts, records, shelves)
    desk = CaseworkDesk(casework)
    return Centre(
        store=store,
        shelves=shelves,
        casework=casework,
        desk=desk,
        intake=IntakeDesk(casework, desk),
        notices=NoticeDesk(casework, desk),
        sightings=SightingDesk(casework, SeenSightings(store)),
        minder=CaseMinder(parts=casework, desk=desk),
        shifts=ShiftDesk(
            records=records,
            shelves=shelves,
            register=parts.register,
            world=parts.world,
            is_exercise=settings.is_exercise,
            is_flying=parts.is_flying,
            clearances=ClearanceShelf(store),
        ),
        exports=ExportDesk(
            store=store,
            telemetry=parts.telemetry,
            register=parts.register,
            world=parts.world,
            tlog_folder=settings.data_dir / "tlog",
            is_exercise=settings.is_exercise,
            registers=registers_of(settings.data_dir),
        ),
        wordings=WordingDesk(
            shipped=load_templates(),
            shelves=shelves,
            world=parts.world,
            is_exercise=settings.is_exercise,
        ),
        legal=legal_for(settings.legal_basis_file, is_exercise=settings.is_exercise),
    )


def _casework(parts: CentreParts, records: Records, shelves: Shelves) -> CaseworkParts:
    settings = parts.settings
    return CaseworkParts(
        records=records,
        files=shelves,
        register=parts.register,
        rules=read_case_rules(),
        table=responsibility_for(settings.responsibility_file, is_exercise=settings.is_exercise),
        items=read_items(),
        contacts=contacts_for(settings.contacts_file, is_exercise=settings.is_exercise),
        board=parts.board,
        chronicle=parts.chronicle,
        world=parts.world,
        is_exercise=settings.is_exercise,
    )
