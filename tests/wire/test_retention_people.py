"""What reporters told of themselves and kept answers go by policy, with dry run, hold and row."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.store import tables
from ground_station.store.engine import Store
from ground_station.store.personal import ERASED
from ground_station.store.policies import (
    RetentionPolicy,
    approve_policy,
    hold,
    policy_in_force,
    read_policy,
)
from ground_station.store.queries import AuditFilter, audit_log
from ground_station.store.records import Records
from ground_station.store.retention import Due, Retention
from ground_station.store.shelves import Shelves
from ground_station.store.telemetry import TelemetryLog
from patrol.clock import utc_text
from patrol.errors import ConfigError
from tests.ground_core import (
    DISPATCHER,
    LEADER,
    MORNING,
    PLACE,
    SYSTEM,
    an_alert,
    later,
    running_store,
)
from tests.ground_story import a_case

pytestmark = pytest.mark.anyio
POLICY = read_policy()
WORDS, CONTACT, PHOTO = "很多人聚在码头", "13800001234", "https://platform/p/1"
OLD = MORNING + timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A store and the job over it."""

    store: Store
    shelves: Shelves
    job: Retention
    case: Case

    async def due(self, now: datetime = OLD) -> dict[str, Due]:
        return {one.object_id: one for one in await self.job.due(POLICY, now)}

    async def carried_out(self, policy: RetentionPolicy = POLICY) -> list[str]:
        done = await self.job.carry_out(policy, OLD, is_clock_right=True)
        return [one.object_id for one in done]

    async def report(self, report_id: str) -> CitizenReport:
        return await self.shelves.get(CitizenReport, report_id)

    async def close(self) -> None:
        closed = replace(self.case, state=CaseState.CLOSED, closed_utc=later(3000))
        await Records(self.store).save_case(
            closed, event=CaseEvent.CLOSE, cause=DISPATCHER, at_utc=later(3000)
        )

    async def place_hold(self, covers: str, *, is_lifted: bool = False) -> None:
        await self.store.write(
            lambda c: hold(
                c, covers, "court", LEADER, later(1), is_lifted=is_lifted, is_exercise=True
            )
        )


def a_report(report_id: str, **changes: object) -> CitizenReport:
    made = CitizenReport(
        report_id=report_id, channel="随手拍", kind="GATHERING", text=WORDS, place=PLACE,
        grid_code="440512001003004", grid_name="x", received_utc=MORNING, is_exercise=True,
        state=ReportState.ANSWERED, contact=CONTACT, photo_ref=PHOTO, answer="已处理",
        answered_utc=later(3600),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[Kept]:
    """An answered report, one that waits for its answer, and one whose case is open."""
    log = await TelemetryLog.open(folder, is_exercise=True)
    async with running_store(folder) as store:
        shelves, records = Shelves(store), Records(store)
        case = await records.file_case(a_case(an_alert()), cause=SYSTEM, at_utc=later(1))
        waiting = a_report("C-2", state=ReportState.RECEIVED, answered_utc=None)
        for report in (a_report("C-1"), waiting, a_report("C-3", case_no=case.case_no)):
            await shelves.save(report, action="report.received", cause=DISPATCHER, at_utc=later(2))
        for name, age_h in (("old", 49), ("young", 1)):
            await store.write(
                lambda c, n=name, h=age_h: c.execute(  # type: ignore[misc]
                    insert(tables.replays).values(
                        name=n, request_hash="x", status=201, media_type="application/json",
                        body=CONTACT, t_utc=utc_text(OLD - timedelta(hours=h)),
                    )
                )
            )  # fmt: skip
        job = Retention(store=store, telemetry=log, folder=folder, is_exercise=True)
        yield Kept(store=store, shelves=shelves, job=job, case=case)
    await log.close()


async def replays(store: Store) -> list[str]:
    return await store.read(lambda c: list(c.execute(select(tables.replays.c.name)).scalars()))


async def test_a_dry_run_lists_reports_and_answers_with_what_keeps_them(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        due = await house.due()
        assert {name: one.kept_because for name, one in due.items()} == {
            "C-1": "",
            "C-2": "who told it has not been answered",
            "C-3": f"case {house.case.case_no} is open",
            "replays": "",
        }
        assert (due["replays"].rows, due["C-1"].action) == (1, "report.words_deleted")
        assert "C-1" not in await house.due(MORNING + timedelta(days=365))
        assert (await house.report("C-1")).contact == CONTACT  # nothing is gone by listing it


async def test_words_contact_and_picture_go_with_a_row_and_the_rest_of_a_report_stays(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path) as house:
        assert await house.carried_out() == ["C-1", "replays"]
        assert await house.report("C-1") == a_report("C-1", text=ERASED, contact="", photo_ref="")
        assert (await house.report("C-2")).contact == CONTACT
        assert await replays(house.store) == ["young"]
        actions = AuditFilter(actions=("report.words_deleted", "replays.deleted"))
        rows = (await house.store.read(lambda c: audit_log(c, actions))).items
        assert [(row["object"], row["actor"]) for row in rows] == [
            ("C-1", "retention/HJ-RETENTION-2"), ("replays", "retention/HJ-RETENTION-2"),
        ]  # fmt: skip
        assert rows[1]["body"]["rows"] == 1
        await house.close()
        assert await house.carried_out() == ["C-3"]  # and what is done is not done again


async def test_no_audit_row_holds_what_may_have_to_be_deleted(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        await house.carried_out()
        rows = (await house.store.read(audit_log)).items
        received = [row for row in rows if row["object"] == "C-1"]
        assert received[0]["body"]["record"]["report_id"] == "C-1"
        told = json.dumps(received, ensure_ascii=False)
        assert not [word for word in (WORDS, CONTACT, PHOTO) if word in told]


@pytest.mark.parametrize("covers", ["*", "C-1"])
async def test_a_legal_hold_keeps_a_report_until_it_is_lifted(tmp_path: Path, covers: str) -> None:
    async with kept(tmp_path) as house:
        await house.place_hold(covers)
        assert (await house.due())["C-1"].kept_because == f"legal hold on {covers}: court"
        assert "C-1" not in await house.carried_out()
        assert ("old" in await replays(house.store)) is (covers == "*")
        await house.place_hold(covers, is_lifted=True)
        assert "C-1" in await house.carried_out()


async def test_a_hold_on_a_case_or_its_sortie_keeps_the_words_of_its_reporters(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path) as house:
        await house.close()
        for covers in (house.case.case_no, house.case.sortie):
            await house.place_hold(covers)
            assert (await house.due())["C-3"].kept_because == f"legal hold on {covers}: court"
            await house.place_hold(covers, is_lifted=True)
        assert "C-3" in await house.carried_out()


class HeldMeanwhile(Retention):
    """Somebody places a hold when the list has been made."""

    async def due(self, policy: RetentionPolicy, now_utc: datetime) -> list[Due]:
        found = await super().due(policy, now_utc)
        await self._store.write(lambda c: hold(c, "*", "x", LEADER, now_utc, is_exercise=True))
        return found


async def test_a_hold_that_is_placed_meanwhile_keeps_reports_and_answers(tmp_path: Path) -> None:
    async with kept(tmp_path) as house:
        job = HeldMeanwhile(
            store=house.store, telemetry=house.job._telemetry, folder=tmp_path, is_exercise=True
        )
        assert await job.carry_out(POLICY, OLD, is_clock_right=True) == []
        assert (await house.report("C-1")).contact == CONTACT


async def test_a_policy_that_was_approved_before_deletes_nothing_of_reporters(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path) as house:
        before = replace(POLICY, version="HJ-RETENTION-1", report_days=None, replay_days=None)
        assert await house.carried_out(before) == []
        assert before.findings() == ["report_days is not said", "replay_days is not said"]
        now = datetime.now(UTC)
        await house.store.write(lambda c: approve_policy(c, POLICY, LEADER, now, is_exercise=True))
        assert await house.store.read(policy_in_force) == POLICY
    path = tmp_path / "short.json"
    body = json.loads((Path("ground_station") / "data" / "retention.json").read_text("utf-8"))
    path.write_text(json.dumps(body | {"report_days": 1}), "utf-8")
    with pytest.raises(ConfigError, match="report_days is 1: at least 30"):
        read_policy(path)
