"""Closed patrol logs: what closes them, and that nothing changes them afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from ground_station.alerts import AlertEvent
from ground_station.cases import CaseEvent
from ground_station.cases import advance as advance_case
from ground_station.log_export import export_log
from ground_station.sorties import SortieState, sign
from ground_station.store.chain import verify
from ground_station.store.records import Records
from patrol.errors import Refused
from tests.ground_core import (
    PILOT,
    REGISTRAR,
    SORTIE,
    SYSTEM,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
    running_store,
)
from tests.ground_story import fly_the_story, land_and_sign

pytestmark = pytest.mark.anyio

CLOSED = [
    f"{verb} {table}{rest}"
    for table in ("sorties", "sightings", "alerts", "announcements", "effects", "plans")
    for verb, rest in (("UPDATE", " SET body_json = '{}'"), ("DELETE FROM", ""))
] + [
    f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    for table in ("sorties", "sightings", "alerts", "announcements", "effects", "plans")
] + [
    "UPDATE patrol_logs SET closed_by = 'Else'",
    "DELETE FROM patrol_logs",
    "INSERT OR REPLACE INTO patrol_logs SELECT * FROM patrol_logs",
]  # fmt: skip


async def test_raw_sql_cannot_change_a_closed_log(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
        await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))
        for statement in CLOSED:
            with pytest.raises(Refused):
                await store.write(lambda c, sql=statement: c.execute(text(sql)))  # type: ignore[misc]
        with pytest.raises(Refused, match="closed; append a correction"):
            await records.save_alert(an_alert(), cause=SYSTEM, at_utc=later(911), action="x")
        assert await records.open_sorties() == []


async def test_a_closed_log_tells_the_chain_and_takes_corrections(tmp_path: Path) -> None:
    async with running_store(tmp_path / "data") as store:
        records = Records(store)
        case = await fly_the_story(records)
        await land_and_sign(records)
        with pytest.raises(Refused, match="not closed"):
            await records.correct(SORTIE, "wrong wind", {}, cause=REGISTRAR, at_utc=later(905))
        closed = await records.close_log(
            SORTIE,
            cause=REGISTRAR,
            at_utc=later(910),
            telemetry_summary={"rows": 3, "sha256": "ab"},
        )
        assert verify(store.path, closed.row_count, closed.head_hash).is_intact
        with pytest.raises(Refused, match="already closed"):
            await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(911))
        await records.correct(SORTIE, "wind was 4 m/s", {}, cause=REGISTRAR, at_utc=later(920))
        # The case's life goes on after the sortie's log.
        done = advance_case(case, CaseEvent.CLOSE_RECORD, REGISTRAR, later(930))
        await records.save_case(
            done, event=CaseEvent.CLOSE_RECORD, cause=REGISTRAR, at_utc=later(930)
        )
        assert verify(store.path, closed.row_count, closed.head_hash).is_intact
        kept = await records.closed_log(SORTIE)
        assert kept is not None
        assert kept["telemetry"] == {"rows": 3, "sha256": "ab"}
        paths = await export_log(store, SORTIE, tmp_path / "out")
        body = json.loads(paths[0].read_text(encoding="utf-8"))
        assert (body["chain"]["rows"], body["chain"]["head"]) == (
            closed.row_count,
            closed.head_hash,
        )
        assert body["corrections"][0]["text"] == "wind was 4 m/s"
        ledger = paths[1].read_bytes()
        assert ledger.startswith("\ufeff演练 EXERCISE".encode())
        assert b"2026-11-24T09:30:00+08:00" in ledger


@pytest.mark.parametrize(
    ("state", "is_signed", "is_settled", "words"),
    [
        (SortieState.AIRBORNE, True, True, "after landing"),
        (SortieState.LANDED, False, True, "signature of REG and PILOT"),
        (SortieState.LANDED, True, False, "open alerts: A-20261124-0001"),
    ],
)
async def test_an_unfinished_log_does_not_close(
    tmp_path: Path, state: SortieState, is_signed: bool, is_settled: bool, words: str
) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        sortie = a_sortie(SortieState.LANDED)
        for cause in (PILOT, REGISTRAR) if is_signed else ():
            sortie = sign(sortie, cause, later(900))
        await records.save_sortie(
            replace(sortie, state=state), cause=PILOT, at_utc=later(900), action="s"
        )
        alert = an_observed_alert(AlertEvent.DISPERSE) if is_settled else an_alert()
        await records.save_alert(alert, cause=SYSTEM, at_utc=later(3), action="a")
        with pytest.raises(Refused, match=words):
            await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))
        kept = await records.sortie(SORTIE)
        assert kept is not None
        assert kept.state is state
