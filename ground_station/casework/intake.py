"""Takes reports and whistles in, opens the cases they ask for, and sees that they are answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ground_station.case_numbers import CaseSource
from ground_station.casework import citizens, whistles
from ground_station.casework.case import Case
from ground_station.casework.citizens import (
    TEXT_MAX,
    CitizenReport,
    Match,
    ReportEvent,
    ReportState,
)
from ground_station.casework.desk import CaseworkDesk
from ground_station.casework.opening import OPENERS, Matter, open_case, source_of
from ground_station.casework.parts import CaseworkParts
from ground_station.casework.states import CaseEvent
from ground_station.casework.steps import Given
from ground_station.casework.whistles import Whistle, WhistleEvent
from ground_station.transitions import require_role
from patrol.cause import Cause, Role, by_system
from patrol.errors import Refused
from patrol.geo import GeoPoint

TAKERS = (Role.DISPATCHER, Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET)
_OPENED = by_system("report.case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody told, as it came in."""

    channel: str
    kind: str
    text: str
    place: GeoPoint
    contact: str = ""
    photo_ref: str = ""
    photo_sha256: str = ""


class IntakeDesk:
    """Reports in, cases opened, whistles blown."""

    def __init__(self, parts: CaseworkParts, desk: CaseworkDesk) -> None:
        self._parts, self._desk = parts, desk

    async def take(self, told: Told, cause: Cause) -> tuple[CitizenReport, list[Match]]:
        """A report with what may be the same matter; Refused for an item that is not listed."""
        require_role(cause, TAKERS)
        parts, now = self._parts, self._parts.world.now_utc()
        parts.items.get(told.kind)
        if not told.text.strip() or len(told.text) > TEXT_MAX:
            raise Refused(
                f"a report has words, {TEXT_MAX} characters at the most",
                text_zh=f"群众反映须有文字内容，最多{TEXT_MAX}字",
            )
        grid_code, grid_name = parts.grid_at(told.place)
        report = CitizenReport(
            report_id=await parts.files.next_id(CitizenReport, now),
            channel=told.channel,
            kind=told.kind,
            text=told.text.strip(),
            place=told.place,
            grid_code=grid_code,
            grid_name=grid_name,
            received_utc=now,
            state=ReportState.RECEIVED,
            is_exercise=parts.is_exercise,
            contact=told.contact.strip(),
            photo_ref=told.photo_ref,
            photo_sha256=told.photo_sha256,
        )
        await parts.files.save(report, action="report.received", cause=cause, at_utc=now)
        parts.tell("report.received", grid_code, {"report": report.report_id, "kind": told.kind})
        return report, await self.matches(report.report_id)

    async def matches(self, report_id: str) -> list[Match]:
        """What lies near a report in place and time, best first."""
        files, space = self._parts.files, self._parts.is_exercise
        report = await files.get(CitizenReport, report_id)
        since = report.received_utc - citizens.NEAR_TIME
        until = report.received_utc + citizens.NEAR_TIME
        return citizens.matches(
            report,
            cases=await files.cases_between(since, until, is_exercise=space),
            sightings=await files.sightings_between(since, until, is_exercise=space),
            reports=await files.reports_between(since, until, is_exercise=space),
        )

    async def open_case(self, report_id: str, cause: Cause) -> Case:
        """A case of its own for a report; the centre owns it until it is filed."""
        require_role(cause, TAKERS)
        parts = self._parts
        async with parts.changing:  # of two at once the second one finds it opened
            report = await parts.files.get(CitizenReport, report_id)
            if report.case_no:
                raise Refused(
                    f"report {report_id} belongs to case {report.case_no} already",
                    text_zh=f"群众反映{report_id}已归入案件{report.case_no}",
                )
            # Its own words stay in the report alone: a case and its audit rows are never deleted.
            matter = Matter(
                kind=report.kind, text=f"见群众反映 see report {report_id}", place=report.place,
                reporter=f"report {report.report_id}",
            )  # fmt: skip
            now = parts.world.now_utc()

            def link(connection: Connection, case: Case) -> None:
                linked = citizens.advance(
                    report, ReportEvent.LINK, _OPENED, now, case_no=case.case_no
                )
                parts.files.save_in(connection, linked, "report.link", _OPENED, now)

            case = await open_case(parts, matter, CaseSource.CITIZEN, cause, link)
        fields = {"report": report_id, "case_no": case.case_no, "by": cause.actor}
        parts.tell("report.link", report.grid_code, fields)
        return case

    async def bring(self, matter: Matter, cause: Cause) -> Case:
        """A case that a grid worker or a department brings itself, without a citizen's report."""
        require_role(cause, OPENERS)
        async with self._parts.changing:
            return await open_case(self._parts, matter, source_of(cause.role), cause)

    async def link(
        self, report_id: str, case_no: str, cause: Cause, sighting_ids: tuple[str, ...] = ()
    ) -> CitizenReport:
        """The report is about this case; who reported has then to be told before it closes."""
        async with self._parts.changing:
            await self._require_sightings(sighting_ids)
            return await self._link(report_id, case_no, cause, sighting_ids)

    async def merge(self, case_no: str, cause: Cause, given: Given) -> Case:
        """Merge a case into another, which from now on owes its reporters their answers."""
        async with self._parts.changing:
            merged = await self._desk.act_alone(case_no, CaseEvent.MERGE, cause, given)
            for report in await self._parts.files.reports_of(case_no):
                if report.state is not ReportState.ANSWERED:
                    await self._link(report.report_id, merged.merged_into, cause)
        return merged

    async def reject(self, report_id: str, reason: str, cause: Cause) -> CitizenReport:
        """It is not for us; the answer says why."""
        async with self._parts.changing:
            return await self._moved(report_id, ReportEvent.REJECT, cause, text=reason)

    async def answer(self, report_id: str, text: str, cause: Cause) -> CitizenReport:
        """Tell the reporter what became of it; when all of a case's are told it may be closed."""
        async with self._parts.changing:
            report = await self._moved(report_id, ReportEvent.ANSWER, cause, text=text)
            linked = await self._parts.files.reports_of(report.case_no) if report.case_no else []
            is_all = bool(linked) and all(one.state is ReportState.ANSWERED for one in linked)
            # A case that has ended, such as one rejected, is answered by the report alone.
            if is_all and (await self._desk.find(report.case_no)).is_open:
                await self._desk.act_alone(
                    report.case_no, CaseEvent.ANSWER_REPORTER, cause, Given(reason=text)
                )
        return report

    async def blow(self, grid_code: str, need: str, cause: Cause, report_id: str = "") -> Whistle:
        """Ask for a patrol of a grid, perhaps to look at a report from the air."""
        parts, now = self._parts, self._parts.world.now_utc()
        grid = parts.register.get(grid_code)
        async with parts.changing:  # or a report that is linked meanwhile would lose its case
            report = await parts.files.get(CitizenReport, report_id) if report_id else None
            whistle = whistles.blow(
                whistle_id=await parts.files.next_id(Whistle, now),
                grid_code=grid.code,
                grid_name=grid.name_spoken,
                need=need,
                cause=cause,
                at_utc=now,
                is_exercise=parts.is_exercise,
                report_id=report_id,
            )
            await parts.files.save(whistle, action="whistle.raised", cause=cause, at_utc=now)
            if report is not None:
                asked = replace(report, whistle_id=whistle.whistle_id)
                await parts.files.save(asked, action="report.look_asked", cause=cause, at_utc=now)
        fields = {"whistle": whistle.whistle_id, "need": whistle.need, "by": cause.actor}
        parts.tell("whistle.raised", grid.code, fields)
        return whistle

    async def answer_whistle(
        self,
        whistle_id: str,
        event: WhistleEvent,
        cause: Cause,
        *,
        reason: str = "",
        sortie: str = "",
    ) -> Whistle:
        """Check in, say which sortie flew, or withdraw."""
        parts = self._parts
        async with parts.changing:
            now = parts.world.now_utc()
            kept = await parts.files.get(Whistle, whistle_id)
            if event is WhistleEvent.FLY and sortie:
                await self._require_patrol(kept, sortie)
            moved = whistles.answer(kept, event, cause, now, reason=reason, sortie=sortie)
            action = f"whistle.{event.value}"
            await parts.files.save(moved, action=action, cause=cause, at_utc=now)
        parts.tell(action, moved.grid_code, {"whistle": whistle_id, "by": cause.actor})
        return moved

    async def _require_patrol(self, whistle: Whistle, sortie_id: str) -> None:
        """A whistle is answered by a patrol that took off over its grid, and by no other name."""
        sortie = await self._parts.records.sortie(sortie_id)
        is_there = sortie is not None and sortie.takeoff_utc is not None
        if not is_there or sortie is None or sortie.grid_code != whistle.grid_code:
            raise Refused(
                f"no sortie {sortie_id} has flown over {whistle.grid_name}",
                text_zh=f"没有飞过{whistle.grid_name}的架次{sortie_id}",
            )

    async def _link(
        self, report_id: str, case_no: str, cause: Cause, sighting_ids: tuple[str, ...] = ()
    ) -> CitizenReport:
        case = await self._desk.find(case_no)
        if not case.is_open:
            raise Refused(
                f"case {case_no} is {case.state.value}: no report is linked to it",
                text_zh=f"案件{case_no}为“{case.state.zh}”，不能再关联群众反映",
            )
        report = await self._moved(
            report_id, ReportEvent.LINK, cause, case_no=case.case_no, sighting_ids=sighting_ids
        )
        if f"report {report_id}" not in case.reporter.split(", "):
            given = Given(reporter=f"report {report_id}")
            await self._desk.act_alone(case_no, CaseEvent.LINK_REPORT, cause, given)
        return report

    async def _require_sightings(self, sighting_ids: tuple[str, ...]) -> None:
        known = await self._parts.files.sighting_grids(
            sighting_ids, is_exercise=self._parts.is_exercise
        )
        for one in sighting_ids:
            if one not in known:
                raise LookupError(f"there is no sighting {one}")

    async def _moved(
        self,
        report_id: str,
        event: ReportEvent,
        cause: Cause,
        *,
        text: str = "",
        case_no: str = "",
        sighting_ids: tuple[str, ...] = (),
    ) -> CitizenReport:
        parts, now = self._parts, self._parts.world.now_utc()
        kept = await parts.files.get(CitizenReport, report_id)
        moved = citizens.advance(
            kept, event, cause, now, text=text, case_no=case_no, sighting_ids=sighting_ids
        )
        action = f"report.{event.value}"
        await parts.files.save(moved, action=action, cause=cause, at_utc=now)
        fields = {"report": report_id, "case_no": moved.case_no, "by": cause.actor}
        parts.tell(action, moved.grid_code, fields)
        return moved
