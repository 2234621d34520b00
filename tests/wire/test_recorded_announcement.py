"""From the announcer's release to the horn: a recording is played, and the record says which."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import anyio
import pytest

from drone.clips import clip_of
from drone.opus import as_opus
from drone.recordings import load_recordings
from drone.voice import Voice
from ground_station.alerts import AlertEvent
from ground_station.announcements import Announcement
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.live import Board
from ground_station.sortie_watch import SortieWatch
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.records import Records
from ground_station.templates import load_templates
from missions.register import load_register
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.geo import offset
from patrol.plan import Finding, MissionPlan
from tests.agents import agent_here, speaker_at, wav
from tests.fakes import FakeVehicle, ManualClock, a_sample
from tests.ground_core import (
    ANNOUNCER,
    LEGAL,
    OPERATOR,
    PLACE,
    SORTIE,
    SYSTEM,
    a_plan,
    an_alert,
    running_store,
    wordings_of,
)  # fmt: skip
from vision.crowd import CrowdRules

pytestmark = pytest.mark.anyio
TEMPLATES = load_templates()


class Stage:
    """A crowd desk with an acknowledged alert, above a real store."""

    def __init__(self, records: Records) -> None:
        bus, board, clock = Bus(), Board(["GP-1"]), ManualClock()
        self.board, self.records, self.clock = board, records, clock
        self.vehicle = FakeVehicle(clock, bus)
        self.chronicle = Chronicle(bus=bus, records=records, board=board, is_exercise=True)
        self.parts = CrowdParts(
            aircraft="GP-1", camera_id="cam-1", register=load_register(), rules=CrowdRules(),
            is_counts_only=True,
            legal=LEGAL, records=records, bus=bus,
            board=board.of("GP-1"), chronicle=self.chronicle, world=clock, wall=clock,
            set_pace=lambda plan: None, is_exercise=True, latest=self.vehicle.latest,
        )  # fmt: skip
        self.crowd = CrowdDesk(self.parts)
        runner = SortieRunner(
            plan=a_plan(), vehicle=self.vehicle, bus=bus, world=clock, wall=clock,
            sortie_id=SORTIE, preflight=_ready,
        )  # fmt: skip
        self.crowd.begin(SORTIE, a_plan(), runner)

    async def acknowledge(self) -> str:
        """The alert's id, ready to be spoken to."""
        here = offset(PLACE, east_m=0.0, north_m=-40.0)
        self.vehicle._sample = a_sample(position=here)  # in the air, holding
        alert, watch = an_alert(), self.crowd.watch
        assert watch is not None
        watch.alerts[alert.alert_id], watch.alert_id = alert, alert.alert_id
        await self.records.save_alert(
            alert, cause=SYSTEM, at_utc=self.clock.now_utc(), action="alert.raised"
        )
        await self.crowd.move(
            alert.alert_id, AlertEvent.ACKNOWLEDGE, OPERATOR, "alert.acknowledged"
        )
        return alert.alert_id


async def _ready(*plan: MissionPlan) -> list[Finding]:
    return []


async def test_a_teochew_recording_is_what_is_played_recorded_and_told(tmp_path: Path) -> None:
    sound = as_opus(clip_of(wav(0.5, tone=True), "")).sound
    clips = tmp_path / "clips"
    await anyio.Path(clips).mkdir()
    await anyio.Path(clips / "T01.teochew.opus").write_bytes(sound)
    texts = {key: {"zh": item.zh, "en": item.en} for key, item in TEMPLATES.items()}
    voice = Voice(load_recordings(clips, texts, ("teochew", "zh")))
    played: list[Announcement] = []

    async def keep(watch: SortieWatch, announcement: Announcement, number: int) -> None:
        played.append(announcement)

    async with running_store(tmp_path) as store, agent_here(tmp_path / "kept") as here:
        stage = Stage(Records(store))
        here.horn.is_over.set()
        async with speaker_at(here.url) as speaker, anyio.create_task_group() as group:
            group.start_soon(stage.chronicle.run)
            group.start_soon(stage.crowd.run)
            desk = SpeakingDesk(
                parts=stage.parts, desk=stage.crowd, speaker=speaker, voice=voice,
                wordings=wordings_of(stage.records, stage.clock), on_played=keep,
            )  # fmt: skip
            await desk.announce(await stage.acknowledge(), "T01", ANNOUNCER, repeat=2)
            told = await _until_played(stage.board)
            group.cancel_scope.cancel()
    (announcement,) = played
    assert announcement.text == TEMPLATES["T01"].zh
    assert announcement.audio_sha256 == hashlib.sha256(sound).hexdigest()
    assert announcement.voice == told["voice"] == "recording teochew T01.teochew.opus"
    assert (announcement.repeats, announcement.heard_count, told["times"]) == (2, 2, 2)
    volumes_pct = [volume_pct for _, volume_pct in here.horn.played]
    assert volumes_pct == [announcement.volume_pct] * 2 == [71.0, 71.0]
    assert announcement.level_dba is not None
    assert announcement.slant_range_m is not None
    assert announcement.slant_range_m == pytest.approx(50.0, abs=0.1)
    full_dba = 110.0 - 20.0 * math.log10(announcement.slant_range_m)
    assert announcement.level_dba == pytest.approx(full_dba - 3.0 - 0.35, abs=0.1)


async def _until_played(board: Board) -> dict[str, Any]:
    with anyio.fail_after(10.0):
        while True:
            for event in board.state()["story"]:
                if event["event"] == "announcement.played":
                    return dict(event)
                assert event["event"] != "announcement.failed", event
            await anyio.sleep(0.01)
