"""A district's year of records for `gridpatrol bench store`: made up, marked exercise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, CrowdAlert, Outcome
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.case_numbers import CaseSource, make_case_number
from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.dispatches import Dispatch, DispatchState
from ground_station.casework.notices import Notice, NoticeAudience, NoticeState
from ground_station.casework.states import CaseState, Severity
from ground_station.casework.whistles import Whistle, WhistleState
from ground_station.owners import Owner, Tier
from ground_station.patrol_missions import (
    BreakPoint,
    MissionState,
    PatrolMission,
    Purpose,
    day_of,
)
from ground_station.shifts.shift import Duty, Shift, ShiftState
from ground_station.sorties import EffectRecord, EffectSample, SortieRecord, SortieState
from ground_station.templates import Profile
from missions.grid import Grid
from missions.register import load_register
from patrol.cause import Role
from patrol.geo import GeoPoint
from patrol.sighting import Sighting, SightingKind, Stage, poisson_count

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
DAYS = 365
UNITS = 60
DEPARTMENT = "440512D01"  # it has a task of every tenth that there is
SHIFTS_A_DAY = 2
_KINDS = ("GATHERING", "QUEUE", "SCHOOL_GATE", "WATER_DANGER", "OTHER")
_SPREAD_DEG = 0.04  # of the places: some 4 km


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is."""

    cases: int
    telemetry_rows: int
    telemetry_sorties: int
    sorties: int
    open_share: float = 0.05  # of the cases
    live_alerts: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One crowd from the sighting to the case, and what was asked of whom."""

    sighting: Sighting
    alert: CrowdAlert
    announcement: Announcement
    effect: EffectRecord
    case: Case
    dispatch: Dispatch | None
    report: CitizenReport | None


class District:
    """The same district every time."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._random = Random(1)  # noqa: S311  # nothing is secret here
        self._grids: tuple[Grid, ...] = tuple(load_register().grids)

    def sortie(self, number: int) -> SortieRecord:
        """One patrol, flown to its end but now and then."""
        grid, created = self._grid(number), _when(number, self.size.sorties)
        return SortieRecord(
            sortie_id=sortie_id(number), plan_id=f"P-{number}", plan_digest="0" * 64,
            vehicle_id="GP-1", grid_code=grid.code, grid_name=grid.name_zh,
            register_version="bench", state=SortieState.LANDED, created_utc=created,
            is_exercise=True, waypoint_total=12, waypoint_index=12 if number % 9 else 7,
            takeoff_utc=created + timedelta(minutes=2), landed_utc=created + timedelta(minutes=18),
            abnormal=("wind",) if number % 40 == 0 else (),
        )  # fmt: skip

    def mission(self, sortie: SortieRecord) -> PatrolMission:
        """What that sortie flew; now and then something of it was left."""
        left = BreakPoint(
            sortie=sortie.sortie_id, waypoint_index=sortie.waypoint_index,
            waypoint_total=sortie.waypoint_total,
        )  # fmt: skip
        return PatrolMission(
            mission_id=sortie.plan_id, day=day_of(sortie.created_utc), grid_code=sortie.grid_code,
            grid_name=sortie.grid_name, register_version=sortie.register_version,
            pattern=sortie.pattern, purpose=Purpose.ROUTINE, aircraft=sortie.vehicle_id,
            digest=sortie.plan_digest, state=MissionState.LANDED, created_by="Zheng",
            created_utc=sortie.created_utc, is_exercise=True, sorties=(sortie.sortie_id,),
            break_point=None if sortie.is_whole else left,
        )  # fmt: skip

    def episode(self, number: int) -> Episode:
        """One crowd."""
        random, size = self._random, self.size
        filed = _when(number, size.cases)
        grid = self._grid(random.randrange(len(self._grids)))
        place = GeoPoint(
            lat_deg=23.28 + random.uniform(-_SPREAD_DEG, _SPREAD_DEG),
            lon_deg=116.73 + random.uniform(-_SPREAD_DEG, _SPREAD_DEG),
        )
        sighting = self._sighting(number, filed - timedelta(minutes=11), grid, place)
        alert = self._alert(number, sighting, grid)
        said = _announcement(number, alert)
        case = self._case(number, filed, alert)
        return Episode(
            sighting=sighting, alert=alert, announcement=said, case=case,
            effect=self._effect(number, alert, said),
            dispatch=_dispatch(number, case) if number % 3 == 0 else None,
            report=_report(number, case) if number % 10 == 0 else None,
        )  # fmt: skip

    def whistle(self, number: int, count: int) -> Whistle:
        """A request for a patrol; the last few still wait."""
        grid, raised = self._grid(number), _when(number, count)
        return Whistle(
            whistle_id=f"W-{number:06d}", grid_code=grid.code, grid_name=grid.name_zh,
            need="a look at the school gate", raised_by="Chen", raised_utc=raised,
            check_in_due_utc=raised + timedelta(minutes=30), is_exercise=True,
            state=WhistleState.RAISED if number >= count - 5 else WhistleState.FLOWN,
        )  # fmt: skip

    def notice(self, number: int, count: int) -> Notice:
        """What a case taught the others."""
        return Notice(
            notice_id=f"N-{number:06d}", case_nos=(), audience=NoticeAudience.INTERNAL,
            text_zh="【演练】校门口滞留通报", text_en="[exercise] loitering at the school gate",
            state=NoticeState.PUBLISHED, drafted_by="Fang", drafted_utc=_when(number, count),
            grid_code=self._grid(number).code, is_exercise=True,
        )  # fmt: skip

    def shift(self, number: int) -> Shift:
        """Half a day of a squad with the patrols of that time; the last one is still open."""
        count = DAYS * SHIFTS_A_DAY
        opened = NOW - timedelta(hours=24 / SHIFTS_A_DAY) * (count - number)
        each = self.size.sorties / count
        flown = range(int(number * each), int((number + 1) * each))
        is_open = number == count - 1
        duties = tuple(
            Duty(person=name, role=role, from_utc=opened)
            for name, role in (("Li", Role.PILOT), ("Wu", Role.ANNOUNCER), ("Ma", Role.REGISTRAR))
        )
        return Shift(
            shift_id=shift_id(number), day=opened.date().isoformat(), squad="bench",
            state=ShiftState.OPEN if is_open else ShiftState.CLOSED, opened_by="Li",
            opened_utc=opened, is_exercise=True, duties=duties,
            sortie_ids=() if is_open else tuple(sortie_id(one) for one in flown),
            closed_utc=None if is_open else opened + timedelta(hours=8),
        )  # fmt: skip

    def _grid(self, number: int) -> Grid:
        return self._grids[number % len(self._grids)]

    def _sighting(self, number: int, seen: datetime, grid: Grid, place: GeoPoint) -> Sighting:
        return Sighting(
            sighting_id=f"S-{number:08d}", kind=SightingKind.GATHERING, stage=Stage.RAISED,
            time_utc=seen, place=place, error_m=2.0, radius_m=4.0,
            count=poisson_count(self._random.randint(5, 80)), area_m2=None, grid_code=grid.code,
            sortie=sortie_id(number * self.size.sorties // self.size.cases),
            rule="HJ-CROWD-1/gathering", nearest_person_m=30.0 + number % 30, standoff_need_m=31.0,
        )  # fmt: skip

    def _alert(self, number: int, sighting: Sighting, grid: Grid) -> CrowdAlert:
        is_live = number >= self.size.cases - self.size.live_alerts
        raised = sighting.time_utc + timedelta(seconds=8)
        wrong = "" if number % 20 else self._random.choice(("scooters in a row", "a market"))
        return CrowdAlert(
            alert_id=f"A-{number:08d}", kind=SightingKind.GATHERING, rule=sighting.rule,
            level=AlertLevel.AMBER, state=AlertState.OBSERVING if is_live else AlertState.CLOSED,
            sighting_ids=(sighting.sighting_id,), sortie=sighting.sortie, grid_code=grid.code,
            grid_name=grid.name_zh, register_version="bench", place=sighting.place, error_m=2.0,
            radius_m=4.0, count=sighting.count, raised_utc=raised, legal_basis_id="bench",
            is_exercise=True, acknowledged_by="Li", announcement_ids=(f"B-{number:08d}",),
            acknowledged_utc=raised + timedelta(milliseconds=self._random.randint(3000, 90_000)),
            outcome=self._random.choice(tuple(Outcome)), dismissed_reason=wrong,
        )  # fmt: skip

    def _effect(self, number: int, alert: CrowdAlert, said: Announcement) -> EffectRecord:
        since = said.finished_utc or said.created_utc
        is_gone = alert.outcome is Outcome.DISPERSED
        return EffectRecord(
            effect_id=f"{said.announcement_id}-E", alert_id=alert.alert_id, sortie=alert.sortie,
            grid_code=alert.grid_code, announcement_ids=(said.announcement_id,),
            observing_since_utc=since, before=alert.count,
            samples=tuple(
                EffectSample(dt_s=dt_s, count=poisson_count(number % 9))
                for dt_s in (60.0, 180.0, 300.0, 600.0)
            ),
            after=poisson_count(3.0), verdict=alert.outcome, reason="3 (0-8) for 60 s",
            is_exercise=True, template_id=said.template_id, template_version=1,
            dispersed_after_s=self._random.randint(20_000, 590_000) / 1000.0 if is_gone else None,
        )  # fmt: skip

    def _case(self, number: int, filed: datetime, alert: CrowdAlert) -> Case:
        random, size = self._random, self.size
        case_no = make_case_number(
            at_utc=filed, source=CaseSource.EXERCISE, grid_code=alert.grid_code or "",
            sequence=number % 90_000 + 1,
        )  # fmt: skip
        is_open = number >= size.cases * (1.0 - size.open_share)
        tier = random.choice(list(Tier))
        # What is late has gone up as high as it goes: nobody has yet to be told of it.
        due = (filed if tier is Tier.DISTRICT or not is_open else NOW) + timedelta(
            hours=random.choice((2, 4, 24))
        )
        code, done = alert.grid_code or "", filed + timedelta(minutes=random.randint(40, 1800))
        return Case(
            case_no=str(case_no), kind=_KINDS[number % len(_KINDS)], source=CaseSource.EXERCISE,
            severity=Severity.ORDINARY, tier=tier,
            state=CaseState.HANDLING if is_open else CaseState.CLOSED,
            owner=Owner(
                unit=f"unit-{random.randint(1, UNITS)}", person="Chen", code=code, tier=tier
            ),
            grid_code=code, grid_name=alert.grid_name, register_version="bench",
            place=alert.place, count=alert.count,
            description="a gathering that stayed after two announcements",
            description_zh="两次喊话后仍有人员聚集", filed_utc=filed,
            accept_due_utc=filed + timedelta(minutes=30), due_utc=due, alert_id=alert.alert_id,
            sortie=alert.sortie, is_record_only=False, is_exercise=True,
            dispatched_utc=filed + timedelta(seconds=2),
            accepted_utc=filed + timedelta(seconds=random.randint(60, 1700)),
            fed_back_utc=None if is_open else done, closed_utc=None if is_open else done,
        )  # fmt: skip


def sortie_id(number: int) -> str:
    """The name of the sortie of that number, as in the records and in the telemetry."""
    return f"M-20260101-{number:05d}-S01"


def shift_id(number: int) -> str:
    """The name of the shift of that number."""
    return f"SH-20260101-{number:04d}"


def _when(number: int, count: int) -> datetime:
    return NOW - timedelta(days=DAYS) * (1.0 - (number + 1) / count)


def _announcement(number: int, alert: CrowdAlert) -> Announcement:
    said = (alert.acknowledged_utc or alert.raised_utc) + timedelta(seconds=number % 60)
    return Announcement(
        announcement_id=f"B-{number:08d}", alert_id=alert.alert_id, sortie=alert.sortie,
        grid_code=alert.grid_code, template_id=f"T{number % 12 + 1:02d}", template_version=1,
        language="zh", text_zh="请不要聚集，请有序离开。", text_en="Please do not gather.",
        profile=Profile.NORMAL, state=AnnouncementState.PLAYED, created_utc=said, is_exercise=True,
        released_by="Wu", released_utc=said, started_utc=said + timedelta(seconds=1),
        finished_utc=said + timedelta(seconds=6), audio_sha256="ab" * 32, audio_duration_s=5.0,
    )  # fmt: skip


def _dispatch(number: int, case: Case) -> Dispatch:
    return Dispatch(
        dispatch_id=f"D-{number:08d}", case_no=case.case_no, grid_code=case.grid_code,
        unit=replace(case.owner, code=DEPARTMENT) if number % 10 == 0 else case.owner,
        task="go and look", due_utc=case.due_utc, is_exercise=True,
        state=DispatchState.ACCEPTED if case.is_open else DispatchState.DONE,
        sent_by="Xu", sent_utc=case.filed_utc + timedelta(minutes=1),
    )  # fmt: skip


def _report(number: int, case: Case) -> CitizenReport:
    return CitizenReport(
        report_id=f"C-{number:08d}", channel="随手拍", kind=case.kind, text="很多人聚在码头",
        place=case.place, grid_code=case.grid_code, grid_name=case.grid_name,
        received_utc=case.filed_utc - timedelta(minutes=5), is_exercise=True,
        state=ReportState.LINKED if case.is_open else ReportState.ANSWERED,
        contact="13800001234", case_no=case.case_no, answer="" if case.is_open else "已处理",
    )  # fmt: skip
