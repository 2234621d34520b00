"""The loudspeaker's turn: repeats, stops that come early or are not obeyed, clocks that step."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from drone.agent import steady_utc
from drone.clip_shelf import ClipShelf
from drone.clips import Clip
from drone.play_events import EventLog
from drone.play_orders import OrderRefused, PlayOrder, read_order
from drone.plays import Player
from patrol.errors import SpeakerUnreachable
from tests.agents import a_clip, an_order

pytestmark = pytest.mark.anyio


@dataclass
class Turns:
    """A device that needs a push for each time the clip is heard."""

    name: str = "turns"
    is_deaf: bool = False  # goes on though it is cancelled
    breaks_at: int = 0  # the time that it fails in; 0: never
    begun: int = 0
    push: anyio.Event = field(default_factory=anyio.Event)

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        self.begun += 1
        if self.begun == self.breaks_at:
            raise SpeakerUnreachable("the sound card was pulled out")
        with anyio.CancelScope(shield=self.is_deaf):
            await self.push.wait()
        self.push = anyio.Event()
        return True


def order(key: str = "k", *, expires_in_s: float = 30.0, **changes: object) -> PlayOrder:
    return read_order(key, an_order(a_clip(), expires_in_s=expires_in_s) | changes)


@asynccontextmanager
async def a_player(device: Turns) -> AsyncIterator[tuple[Player, EventLog]]:
    log = EventLog()
    async with anyio.create_task_group() as group:
        yield Player(device, group, log, lambda: datetime.now(UTC)), log
        group.cancel_scope.cancel()


async def until_begun(device: Turns, times: int) -> None:
    with anyio.fail_after(5):
        while device.begun < times:
            await anyio.sleep(0.001)


@pytest.mark.parametrize(("breaks_at", "why"), [(2, "pulled out"), (0, "stopped by a person")])
async def test_a_play_that_ends_in_its_second_time_was_heard_once_and_is_not_finished(
    breaks_at: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone.plays._BETWEEN_S", 0.01)
    device = Turns(breaks_at=breaks_at)
    async with a_player(device) as (player, _):
        play = player.accept(order(repeat=2), a_clip())
        await until_begun(device, 1)
        device.push.set()
        await until_begun(device, 2)
        await player.stop()
        ended = player.find(play.play_id)
    assert ended is not None
    assert (ended.state, ended.heard_count) == ("failed", 1)
    assert why in ended.reason


async def test_a_stop_in_the_breath_between_two_times_ends_the_play() -> None:
    device = Turns()
    async with a_player(device) as (player, _):
        play = player.accept(order(repeat=2), a_clip())
        await until_begun(device, 1)
        device.push.set()
        with anyio.fail_after(5):
            while (told := player.find(play.play_id)) is None or told.heard_count == 0:
                await anyio.sleep(0.001)
        assert await player.stop()
        ended = player.find(play.play_id)
    assert ended is not None
    assert (ended.state, ended.heard_count, device.begun) == ("failed", 1, 1)


async def test_a_stop_is_meant_for_the_order_too_whose_clip_is_still_being_read() -> None:
    async with a_player(Turns()) as (player, log):
        stops_before = player.stop_count
        assert await player.stop() is False
        with pytest.raises(OrderRefused, match="stopped by a person"):
            player.accept(order(), a_clip(), stops_before=stops_before)
        assert log.last == 0


async def test_a_device_that_does_not_fall_silent_is_told_to_who_pressed_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("drone.plays._SILENT_WITHIN_S", 0.02)
    device = Turns(is_deaf=True)
    async with a_player(device) as (player, _):
        player.accept(order(), a_clip())
        await until_begun(device, 1)
        with pytest.raises(OrderRefused, match="not silent"):
            await player.stop()
        assert player.is_playing  # nothing else may sound over it
        device.push.set()


async def test_the_order_of_an_earlier_run_may_have_been_played_and_is_not_played_again() -> None:
    async with a_player(Turns()) as (player, log):
        with pytest.raises(OrderRefused, match="started anew") as refused:
            player.known(order(boot_id="before"))
        assert refused.value.status == 409
        assert player.known(order(boot_id=log.boot_id)) is None


@pytest.mark.parametrize(
    ("expires_in_s", "status"), [(-0.1, 410), (0.0, 410), (3600.0, 400), (7200.0, 400)]
)
async def test_an_order_of_a_clock_that_is_wrong_is_refused_rather_than_kept(
    expires_in_s: float, status: int
) -> None:
    async with a_player(Turns()) as (player, _):
        with pytest.raises(OrderRefused) as refused:
            player.accept(order(expires_in_s=expires_in_s), a_clip())
        assert refused.value.status == status


async def test_a_key_is_remembered_until_its_order_has_expired_however_many_plays_follow() -> None:
    device, now = Turns(), [datetime.now(UTC)]
    async with anyio.create_task_group() as group:
        player = Player(device, group, EventLog(), lambda: now[0])
        first = order("first", expires_in_s=60.0)
        for number in range(202):
            player.accept(first if number == 0 else order(str(number)), a_clip())
            await player.stop()
        assert player.known(first) is not None
        now[0] += timedelta(seconds=61)
        player.accept(order("last", expires_in_s=100.0), a_clip())
        await player.stop()
        assert player.known(first) is None


def test_the_agents_clock_does_not_step_with_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    now_utc = steady_utc()
    before = now_utc()
    assert timedelta() <= now_utc() - before < timedelta(seconds=5)
    assert abs(before - datetime.now(UTC)) < timedelta(seconds=5)
    monkeypatch.setattr("drone.agent.datetime", None)  # the machine's date is not asked again
    assert timedelta() <= now_utc() - before < timedelta(seconds=5)


async def test_a_clip_that_cannot_be_kept_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "0123.part").write_bytes(b"of an agent that died")
    shelf, clip = ClipShelf(tmp_path), a_clip()
    assert os.listdir(tmp_path) == []
    (tmp_path / clip.sha256 / "in-the-way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        await shelf.put(clip.sha256, clip.sound)
    assert os.listdir(tmp_path) == [clip.sha256]
    assert not await shelf.has(clip.sha256)
