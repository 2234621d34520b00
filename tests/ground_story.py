"""A sortie's whole story as records, for the tests of the store."""

from __future__ import annotations

from ground_station.alerts import AlertEvent, CrowdAlert, Outcome
from ground_station.alerts import advance as advance_alert
from ground_station.announcements import (
    Announcement,
    AnnouncementEvent,
    Occasion,
    Sound,
    draft_announcement,
)
from ground_station.announcements import advance as advance_announcement
from ground_station.case_rules import case_from_alert, read_case_rules
from ground_station.casework.case import Case
from ground_station.owners import read_responsibility
from ground_station.sorties import EffectRecord, EffectSample, SortieState, sign
from ground_station.store.records import Records
from ground_station.templates import load_templates
from patrol.sighting import poisson_count
from tests.ground_core import (
    ANNOUNCER,
    GRID,
    LEADER,
    MORNING,
    PILOT,
    PLACE,
    REGISTRAR,
    SORTIE,
    SYSTEM,
    a_plan,
    a_sighting,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
)

RULES, TABLE, TEMPLATES = read_case_rules(), read_responsibility(), load_templates()


def a_case(alert: CrowdAlert, people: float = 28.0) -> Case:
    return case_from_alert(
        alert, at_utc=later(700), latest=poisson_count(people), rules=RULES, table=TABLE
    )


def an_announcement() -> Announcement:
    occasion = Occasion(
        alert_id="A-20261124-0001", sortie=SORTIE, grid_code=GRID, at_utc=later(10),
        is_exercise=True,
    )  # fmt: skip
    draft = draft_announcement(TEMPLATES["T01"], occasion, announcement_id="B-20261124-0001")
    approved = advance_announcement(draft, AnnouncementEvent.APPROVE, SYSTEM, later(10))
    queued = advance_announcement(approved, AnnouncementEvent.QUEUE, ANNOUNCER, later(10))
    sound = Sound(sha256="ab", duration_s=4.06, place=PLACE, slant_range_m=46.0, level_dba=76.7)
    return advance_announcement(queued, AnnouncementEvent.START, SYSTEM, later(11), sound=sound)


def an_effect() -> EffectRecord:
    return EffectRecord(
        effect_id="F-1", alert_id="A-20261124-0001", sortie=SORTIE, grid_code=GRID,
        announcement_ids=("B-20261124-0001",), observing_since_utc=later(15),
        before=poisson_count(28.0),
        samples=(
            EffectSample(dt_s=60.0, count=poisson_count(4.0)),
            EffectSample(
                dt_s=180.0, count=poisson_count(0.0, is_valid=False, reason="not observed")
            ),
        ),
        after=poisson_count(4.0), verdict=Outcome.DISPERSED, reason="6 (1-11) for 60 s",
        is_exercise=True,
    )  # fmt: skip


async def fly_the_story(records: Records) -> Case:
    """Everything of a sortie up to the landing."""
    await records.save_plan(a_plan(), cause=LEADER, at_utc=MORNING)
    await records.save_sortie(a_sortie(), cause=PILOT, at_utc=later(1), action="sortie.airborne")
    await records.save_sighting(
        a_sighting(), register_version="sample-1", is_exercise=True, cause=SYSTEM, at_utc=later(2)
    )
    await records.save_alert(an_alert(), cause=SYSTEM, at_utc=later(3), action="alert.raised")
    await records.save_announcement(
        an_announcement(), cause=SYSTEM, at_utc=later(11), action="announcement.started"
    )
    await records.save_effect(an_effect(), cause=SYSTEM, at_utc=later(99))
    alert = an_observed_alert(AlertEvent.DISPERSE)
    case = await records.file_case(a_case(alert, 4.0), cause=SYSTEM, at_utc=later(100))
    alert = advance_alert(alert, AlertEvent.FILE, SYSTEM, later(100), case_no=case.case_no)
    await records.save_alert(alert, cause=SYSTEM, at_utc=later(100), action="alert.filed")
    return case


async def land_and_sign(records: Records) -> None:
    landed = a_sortie(SortieState.LANDED)
    for cause in (PILOT, REGISTRAR):
        landed = sign(landed, cause, later(900))
    await records.save_sortie(landed, cause=REGISTRAR, at_utc=later(900), action="sortie.signed")
