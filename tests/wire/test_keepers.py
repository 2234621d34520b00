"""What the station keeps an eye on by itself: the age of its records, and its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest

from ground_station.clock_watch import ClockWatch
from ground_station.retention_keeper import RetentionKeeper
from ground_station.store.policies import approve_policy, read_policy
from ground_station.store.queries import audit_log
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from patrol.errors import Refused
from tests.ground_core import (
    LEADER,
    MORNING,
    PILOT,
    REGISTRAR,
    SORTIE,
    a_sortie,
    later,
    running_store,
)
from tests.ground_story import fly_the_story, land_and_sign
from tests.store_samples import a_track, record_as

pytestmark = pytest.mark.anyio


class Clocks:
    """A wall clock that a test sets, and one that runs on regardless."""

    def __init__(self) -> None:
        self.ran_s, self.set_s = 0.0, 0.0

    def now_utc(self) -> datetime:
        return MORNING + timedelta(seconds=self.ran_s + self.set_s)

    def monotonic_s(self) -> float:
        return self.ran_s

    async def sleep(self, duration_s: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.ran_s += duration_s


async def test_old_tracks_are_thinned_by_the_approved_policy_when_nobody_flies(
    tmp_path: Path,
) -> None:
    log = await TelemetryLog.open(tmp_path, is_exercise=True)
    async with running_store(tmp_path) as store:
        records = Records(store)
        await fly_the_story(records)
        record_as(log, SORTIE)
        for sample in a_track(count=100, hz=5.0):
            log.add(sample)
        await log.flush()
        keeper = RetentionKeeper(
            store=store, telemetry=log, folder=tmp_path, is_exercise=True, wall=Clocks(),
            now_utc=lambda: later(31 * 86_400),
        )  # fmt: skip
        assert await keeper.look() == 0  # nobody has approved anything
        await store.write(
            lambda c: approve_policy(c, read_policy(), LEADER, later(30 * 86_400), is_exercise=True)
        )
        with pytest.raises(Refused, match="not over"):
            await keeper.look()
        await land_and_sign(records)
        assert await keeper.look() == 0  # its log is not closed
        await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(30 * 86_400))
        assert await keeper.look() == 1
        assert (await log.summary(SORTIE)).rows < 100
        assert await keeper.look() == 0
    await log.close()


async def test_it_looks_by_itself_and_waits_while_somebody_flies(tmp_path: Path) -> None:
    clocks = Clocks()
    log = await TelemetryLog.open(tmp_path, is_exercise=True)
    async with running_store(tmp_path) as store:
        await Records(store).save_sortie(a_sortie(), cause=PILOT, at_utc=later(1), action="s")
        await store.write(
            lambda c: approve_policy(c, read_policy(), LEADER, later(2), is_exercise=True)
        )
        keeper = RetentionKeeper(
            store=store, telemetry=log, folder=tmp_path, is_exercise=True, wall=clocks,
            now_utc=clocks.now_utc,
        )  # fmt: skip
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            with anyio.fail_after(5):
                while clocks.ran_s < 3 * 86_400:  # refused day after day, and alive
                    await anyio.sleep(0.005)
            tasks.cancel_scope.cancel()
    await log.close()


async def test_a_clock_that_is_set_is_a_row_of_the_log(tmp_path: Path) -> None:
    clocks = Clocks()
    async with running_store(tmp_path) as store:
        records = Records(store)
        watch = ClockWatch(records=records, wall=clocks, is_exercise=True, now_utc=clocks.now_utc)

        async def until_rows(count: int) -> None:
            with anyio.fail_after(5):
                while (await records.chain_head()).row_count < count:
                    await anyio.sleep(0.005)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            while clocks.ran_s < 3:
                await anyio.sleep(0.005)
            clocks.set_s -= 3600.0
            await until_rows(1)
            clocks.set_s += 1.0  # what a time server slews
            at_s = clocks.ran_s
            while clocks.ran_s < at_s + 5:
                await anyio.sleep(0.005)
            clocks.set_s += 3600.0
            await until_rows(2)
            tasks.cancel_scope.cancel()
        rows = (await store.read(audit_log)).items
    assert [row["action"] for row in rows] == ["clock.changed", "clock.changed"]
    assert rows[0]["body"]["step_s"] == -3600.0
    assert rows[1]["body"]["step_s"] == pytest.approx(3601.0)
    assert rows[0]["is_automatic"]
