"""Retention: versions with an approver, a dry run, legal holds, and what stands against it."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ground_station.commands.records_at import Place
from ground_station.commands.retention import (
    retention_approve,
    retention_hold,
    retention_holds,
    retention_run,
)
from ground_station.store.backup import fault_in
from ground_station.store.engine import Store
from ground_station.store.policies import (
    RetentionPolicy,
    approve_policy,
    hold,
    read_policy,
)
from ground_station.store.queries import audit_log
from ground_station.store.records import Records
from ground_station.store.retention import Due, Retention
from ground_station.store.telemetry import TelemetryLog
from patrol.errors import ConfigError, Refused
from tests.ground_core import LEADER, MORNING, REGISTRAR, SORTIE, SYSTEM, later, running_store
from tests.ground_story import fly_the_story, land_and_sign
from tests.store_samples import a_track, record_as

pytestmark = pytest.mark.anyio
POLICY = read_policy()
OPEN_SORTIE = "M-20261124-02-S01"


@asynccontextmanager
async def a_station(folder: Path) -> AsyncIterator[tuple[Store, TelemetryLog, Retention]]:
    """A closed sortie, one whose log is open, telemetry between them, and a raw link log."""
    log = await TelemetryLog.open(folder, is_exercise=True)
    async with running_store(folder) as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
        for sortie, begun in (("", later(-60)), (SORTIE, MORNING), (OPEN_SORTIE, later(3600))):
            record_as(log, sortie)
            for sample in a_track(count=50, hz=5.0, begun_utc=begun):
                log.add(sample)
        summary = await log.summary(SORTIE)
        await records.close_log(
            SORTIE, cause=REGISTRAR, at_utc=later(910), telemetry_summary=summary.to_dict()
        )
        write_file(folder / "tlog" / "GP-1.tlog", later(100))
        yield store, log, Retention(store=store, telemetry=log, folder=folder, is_exercise=True)
    await log.close()


def write_file(path: Path, at_utc: datetime) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"bytes of a flight")
    os.utime(path, (at_utc.timestamp(), at_utc.timestamp()))


def after_days(days: int) -> datetime:
    return MORNING + timedelta(days=days, hours=2)


async def test_what_is_due_is_listed_with_what_keeps_it(tmp_path: Path) -> None:
    async with a_station(tmp_path) as (_, log, job):
        assert await job.due(POLICY, after_days(1)) == []
        due = {one.object_id: one for one in await job.due(POLICY, after_days(40))}
        assert {key: one.action for key, one in due.items()} == {
            "": "telemetry.idle_deleted",
            SORTIE: "telemetry.thinned",
            OPEN_SORTIE: "telemetry.thinned",
        }
        assert due[OPEN_SORTIE].kept_because == "its patrol log is not closed"
        assert due[SORTIE].kept_because == ""
        old = {one.object_id: one.action for one in await job.due(POLICY, after_days(500))}
        assert old[SORTIE] == "telemetry.deleted"
        assert old["tlog/GP-1.tlog"] == "file.deleted"
        assert (await log.summary(SORTIE)).rows == 50  # listing deletes nothing


async def test_each_deletion_is_a_row_of_the_log_and_the_chain_goes_on(tmp_path: Path) -> None:
    async with a_station(tmp_path) as (store, log, job):
        done = await job.carry_out(POLICY, after_days(500), is_clock_right=True)
        assert [one.action for one in done] == [
            "telemetry.idle_deleted", "telemetry.deleted", "file.deleted",
        ]  # fmt: skip
        rows = (await store.read(audit_log)).items[-3:]
        assert [row["action"] for row in rows] == [one.action for one in done]
        assert {row["actor"] for row in rows} == {"retention/HJ-RETENTION-2"}
        assert all(row["is_automatic"] for row in rows)
        assert rows[1]["body"]["before"]["rows"] == 50
        assert rows[1]["body"]["after"]["rows"] == 0
        assert (await log.summary("")).rows == 0
        assert (await log.summary(OPEN_SORTIE)).rows == 50
        assert not (tmp_path / "tlog" / "GP-1.tlog").exists()
        assert await job.carry_out(POLICY, after_days(500), is_clock_right=True) == []
    assert fault_in(tmp_path)[1] == ""


@pytest.mark.parametrize("covers", ["*", SORTIE, "M-20261124-01"])
async def test_a_legal_hold_keeps_what_it_covers_until_it_is_lifted(
    tmp_path: Path, covers: str
) -> None:
    async with a_station(tmp_path) as (store, log, job):
        for is_lifted, kept in ((False, True), (True, False)):
            await store.write(
                lambda c, lift=is_lifted: hold(  # type: ignore[misc]
                    c, covers, "court 12/2026", LEADER, later(950), is_lifted=lift,
                    is_exercise=True,
                )
            )  # fmt: skip
            await job.carry_out(POLICY, after_days(500), is_clock_right=True)
            assert ((await log.summary(SORTIE)).rows == 50) is kept
            assert (tmp_path / "tlog" / "GP-1.tlog").exists() is kept
        with pytest.raises(Refused, match="no legal hold"):
            await store.write(
                lambda c: hold(c, "M-9", "x", LEADER, later(1), is_lifted=True, is_exercise=True)
            )
        with pytest.raises(Refused, match="and why"):
            await store.write(lambda c: hold(c, "M-9", " ", LEADER, later(1), is_exercise=True))


class HeldMeanwhile(Retention):
    """Somebody places a hold when the list has been made."""

    async def due(self, policy: RetentionPolicy, now_utc: datetime) -> list[Due]:
        found = await super().due(policy, now_utc)
        await self._store.write(lambda c: hold(c, "*", "x", LEADER, now_utc, is_exercise=True))
        return found


async def test_a_hold_that_is_placed_meanwhile_keeps_tracks_and_files(tmp_path: Path) -> None:
    async with a_station(tmp_path) as (store, log, _):
        job = HeldMeanwhile(store=store, telemetry=log, folder=tmp_path, is_exercise=True)
        assert await job.carry_out(POLICY, after_days(600), is_clock_right=True) == []
        assert (tmp_path / "tlog" / "GP-1.tlog").is_file()
        assert (await log.summary(SORTIE)).rows == 50


async def test_a_clock_that_cannot_be_right_deletes_nothing(tmp_path: Path) -> None:
    async with a_station(tmp_path) as (_, log, job):
        with pytest.raises(Refused, match="behind the newest record"):
            await job.carry_out(POLICY, MORNING - timedelta(days=1))
        with pytest.raises(Refused, match="--clock-is-right"):
            await job.carry_out(POLICY, after_days(500))
        assert (await log.summary(SORTIE)).rows == 50


async def test_rows_that_nobody_told_of_are_missed_by_the_check(tmp_path: Path) -> None:
    async with a_station(tmp_path) as (_, log, job):
        await job.carry_out(POLICY, after_days(40), is_clock_right=True)
        assert fault_in(tmp_path)[1] == ""
        await log.write(lambda c: c.exec_driver_sql(
            "DELETE FROM telemetry WHERE sortie = 'M-20261124-01-S01' AND is_in_air = 1"
        ).close())  # fmt: skip
    assert f"sortie {SORTIE} has" in fault_in(tmp_path)[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recording_days": 29}, "at least 30 .Order 799"),
        ({"flight_data_days": 100}, "at least 366"),
        ({"full_rate_days": 0}, "at least 1"),
        ({"thinned_interval_s": 3600.0}, "0.2 to 60"),
        ({"full_rate_days": 900}, "longer than flight_data_days"),
        ({"version": " "}, "has a version"),
    ],
)
async def test_a_policy_below_the_law_is_approved_by_nobody(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    wrong = replace(POLICY, **change)  # type: ignore[arg-type]
    async with running_store(tmp_path) as store:
        with pytest.raises(Refused, match=words):
            await store.write(
                lambda c: approve_policy(c, wrong, LEADER, later(1), is_exercise=True)
            )
        with pytest.raises(Refused, match="by a person"):
            await store.write(
                lambda c: approve_policy(c, POLICY, SYSTEM, later(1), is_exercise=True)
            )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": "x"}'])
def test_a_file_that_is_no_policy_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="policy.json"):
        read_policy(path)


def test_the_commands_try_approve_hold_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import anyio

    async def fill() -> None:
        async with a_station(tmp_path):
            pass

    anyio.run(fill)
    place = Place(folder=tmp_path)

    def run(*, is_dry_run: bool = False, policy_file: Path | None = None) -> int:
        return retention_run(
            place, is_dry_run=is_dry_run, policy_file=policy_file, is_clock_right=False,
            as_json=False,
        )  # fmt: skip

    assert run(is_dry_run=True) == 0
    told = capsys.readouterr().out
    assert "HJ-RETENTION-2 (not approved)" in told
    assert "dry run: nothing was deleted" in told
    with pytest.raises(Refused, match="nobody has approved"):
        run()
    tried = tmp_path / "next.json"
    tried.write_text(json.dumps({**json.loads(shipped()), "version": "HJ-RETENTION-3"}))
    with pytest.raises(Refused, match="only tried: add --dry-run"):
        run(policy_file=tried)
    assert retention_approve(place, policy_file=None, by="Zheng") == 0
    with pytest.raises(Refused, match="approved before"):
        retention_approve(place, policy_file=None, by="Zheng")
    assert retention_approve(place, policy_file=tried, by="Zheng") == 0
    assert retention_hold(place, SORTIE, reason="court", by="Zheng", is_lifted=False) == 0
    capsys.readouterr()
    assert retention_holds(place, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {SORTIE: "court"}
    assert run() == 0
    assert "policy HJ-RETENTION-3\n" in capsys.readouterr().out


def shipped() -> str:
    from ground_station.store.policies import SHIPPED_POLICY

    return SHIPPED_POLICY.read_text(encoding="utf-8")
