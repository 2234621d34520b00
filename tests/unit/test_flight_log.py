"""A tlog is what other ground stations read; when it fails, that costs the log, not the flight."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymavlink import mavutil

from drone.flight_log import FlightLog, log_path
from tests.fakes import ManualClock
from tests.unit.test_mavlink_frames import A_FEW, packed

pytestmark = pytest.mark.anyio


def a_log(path: Path, told: list[str], limit: int = 1 << 20) -> tuple[FlightLog, ManualClock]:
    clock = ManualClock()
    log = FlightLog(
        path, world=clock, wall=clock, tell=lambda name, _fields: told.append(name),
        waiting_bytes_max=limit,
    )  # fmt: skip
    return log, clock


async def test_pymavlink_reads_back_every_frame_with_its_time(tmp_path: Path) -> None:
    log, clock = a_log(tmp_path / "new" / "GP-1.tlog", [])
    for raw in packed(*A_FEW):
        log.add(raw)
        clock.now_s += 0.5
    await log.flush()
    await log.flush()
    reader = mavutil.mavlink_connection(str(log.path), dialect="common")
    got = []
    while (message := reader.recv_match()) is not None:
        got.append((message.get_type(), round(message._timestamp - clock.now_utc().timestamp(), 1)))
    reader.close()
    assert got == [
        (message.get_type(), -2.5 + 0.5 * number) for number, message in enumerate(A_FEW)
    ]


async def test_what_does_not_fit_is_dropped_counted_and_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    raw = packed(A_FEW[0])[0]
    log, _ = a_log(tmp_path / "GP-1.tlog", told, limit=3 * (len(raw) + 8))
    for _ in range(5):
        log.add(raw)
    await log.flush()
    await log.flush()
    assert (log.dropped_count, told) == (2, ["tlog.dropped"])
    assert log.path.stat().st_size == 3 * (len(raw) + 8)
    log.add(raw)
    await log.flush()
    assert log.path.stat().st_size == 4 * (len(raw) + 8)


async def test_a_folder_that_cannot_be_written_is_told_once_and_written_when_it_can(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    (tmp_path / "logs").write_text("a file where the folder should be", encoding="utf-8")
    log, _ = a_log(tmp_path / "logs" / "GP-1.tlog", told)
    log.add(packed(A_FEW[0])[0])
    await log.flush()
    await log.flush()
    assert told == ["tlog.failed"]
    (tmp_path / "logs").unlink()
    await log.flush()
    assert log.path.stat().st_size > 0


@contextmanager
def a_disk_with_room_for(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_is_full_in_the_middle_of_a_frame_leaves_no_half_of_it(
    tmp_path: Path,
) -> None:
    log, _ = a_log(tmp_path / "GP-1.tlog", [])
    raws = packed(*A_FEW)
    log.add(raws[0])
    await log.flush()
    size = log.path.stat().st_size
    # Only the write itself: what pytest catches of our output goes to a file as well.
    with a_disk_with_room_for(size + 30), pytest.raises(OSError, match="too large"):
        log._append(b"".join(raws[1:]))
    assert log.path.stat().st_size == size


def test_a_name_of_any_kind_makes_one_plain_file_name(tmp_path: Path) -> None:
    path = log_path(tmp_path, "../巡查 1/x", datetime(2026, 11, 26, 1, 2, 3, 45000, tzinfo=UTC))
    assert path.parent == tmp_path
    assert path.name == ".._巡查_1_x-20261126T010203045Z.tlog"
