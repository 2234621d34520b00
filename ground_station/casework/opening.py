"""A new case from somebody's words: the centre owns it until it is verified and filed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ground_station.case_numbers import CaseSource
from ground_station.casework.case import Case
from ground_station.casework.items import Item
from ground_station.casework.parts import CaseworkParts
from ground_station.casework.states import CaseState, Severity
from ground_station.owners import Tier
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint
from patrol.sighting import Count, poisson_count

Also = Callable[[Connection, Case], None]
NOBODY_COUNTED = Count(low=0.0, estimate=0.0, high=0.0, is_valid=False, reason="reported in words")
TEXT_MAX = 2000
PEOPLE_MAX = 100_000
_WORKERS = (Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET, Role.SUPERVISOR)
OPENERS = (*_WORKERS, Role.DEPARTMENT)  # who brings a case without a citizen's report


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a case is about. Grid, owner, tier and clocks are looked up, never typed."""

    kind: str  # of the item list
    text: str
    place: GeoPoint
    people: int | None = None  # as somebody counted them; None: nobody did
    reporter: str = ""  # who has to be told before it closes

    @property
    def count(self) -> Count:
        """With the bounds of a count by eye; nobody counted is not nobody there."""
        return NOBODY_COUNTED if self.people is None else poisson_count(float(self.people))


def source_of(role: Role) -> CaseSource:
    """Whose letter the number carries: W for the grid's own people, D for a department's."""
    return CaseSource.DEPARTMENT if role is Role.DEPARTMENT else CaseSource.WORKER


async def open_case(
    parts: CaseworkParts,
    matter: Matter,
    source: CaseSource,
    cause: Cause,
    also: Also | None = None,
) -> Case:
    """Number and keep it as reported; Refused for an item that is not listed or without words.

    `also` writes what belongs to it: both are kept or neither, whatever ends the process.
    """
    item, now = parts.items.get(matter.kind), parts.world.now_utc()
    _require_told(matter)
    case = await parts.records.file_case(
        _reported(parts, matter, item, source, now),
        cause=cause,
        at_utc=now,
        event="report",
        also=also,
    )
    parts.tell("case.reported", case.grid_code, {"case_no": case.case_no, "by": cause.actor})
    await parts.show(case)
    return case


def _require_told(matter: Matter) -> None:
    text = matter.text.strip()
    if not text or len(text) > TEXT_MAX:
        raise Refused(
            f"a case has words, {TEXT_MAX} characters at the most",
            text_zh=f"案件须有文字说明，最多{TEXT_MAX}字",
        )
    if matter.people is not None and not 0 <= matter.people <= PEOPLE_MAX:
        raise Refused(
            f"0 to {PEOPLE_MAX} people, or none counted",
            text_zh=f"人数应为0至{PEOPLE_MAX}，或未清点",
        )


def _reported(
    parts: CaseworkParts, matter: Matter, item: Item, source: CaseSource, now: datetime
) -> Case:
    """As it stands before anybody has verified it: with the centre, under the district's clocks."""
    accept_due_utc, due_utc = parts.rules.due(Tier.DISTRICT, now)
    grid_code, grid_name = parts.grid_at(matter.place)
    text = matter.text.strip()
    return Case(
        case_no="",
        kind=matter.kind,
        source=CaseSource.EXERCISE if parts.is_exercise else source,
        severity=Severity.MINOR,  # until somebody has verified it
        tier=Tier.DISTRICT,
        state=CaseState.REPORTED,
        owner=parts.owner(None, Tier.DISTRICT),
        grid_code=grid_code,
        grid_name=grid_name,
        register_version=parts.register.version,
        place=matter.place,
        count=matter.count,
        description=f"{item.en}: {text}",
        description_zh=f"{item.zh}：{text}",
        filed_utc=now,
        accept_due_utc=accept_due_utc,
        due_utc=due_utc,
        alert_id="",
        sortie="",
        is_record_only=False,
        is_exercise=parts.is_exercise,
        reporter=matter.reporter,
    )
