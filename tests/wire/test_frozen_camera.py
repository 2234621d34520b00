"""A camera that freezes is lost in the stall time, and nothing old is dated now."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patrol.errors import VideoLost
from vision.video import StreamSource

SCENARIO = {
    "home": [116.70, 23.28], "home_elevation_amsl_m": 12.0, "start_utc": "2026-11-24T01:30:00Z",
    "gathering": None, "passers_by": 0,
    "camera": {"width_px": 640, "height_px": 360, "hfov_deg": 40.0, "frames_per_s": 10},
}  # fmt: skip


@contextmanager
def simulator(folder: Path) -> Iterator[tuple[int, str]]:
    """Its process id and its camera's address."""
    scenario = folder / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
    command = [sys.executable, "-m", "sim", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process.pid, json.loads(process.stdout.readline())["camera_url"]
        finally:
            process.kill()


def test_a_frozen_camera_is_told_and_what_was_held_back_is_not_handed_out(tmp_path: Path) -> None:
    with simulator(tmp_path) as (pid, url):
        source = StreamSource(url)
        lost: list[VideoLost] = []

        def read() -> None:
            with pytest.raises(VideoLost) as caught:
                source.run()
            lost.append(caught.value)

        reader = threading.Thread(target=read)
        reader.start()
        before = source.newest(0, 10.0)
        assert before is not None
        os.kill(pid, signal.SIGSTOP)
        reader.join(8.0)
        assert not reader.is_alive()
        assert "no picture" in str(lost[0])
        latest = source.newest(0, 0.0)
        assert latest is not None
        assert latest.captured_at_s - before.captured_at_s < 2.0
