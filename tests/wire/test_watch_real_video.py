"""`watch` on a street that nobody here filmed: it runs to the end and writes what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.conftest import REAL_VIDEO

EVERY_S = 4
PEOPLE_SEEN_MIN, PEOPLE_SEEN_MAX = 2, 20  # 4 to 12 walk there at any moment


@pytest.mark.real_video
@pytest.mark.timeout(60)
def test_a_real_street_is_counted_to_its_end_and_an_annotated_copy_is_written(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "seen.mp4"
    ended = subprocess.run(
        [
            sys.executable, "-m", "ground_station", "watch", str(REAL_VIDEO), "--json",
            "--every", str(EVERY_S), "--out", str(copy),
        ],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=50,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    looks = [json.loads(line) for line in ended.stdout.splitlines()]
    with av.open(str(REAL_VIDEO)) as video:
        length_s = float(video.duration or 0) / av.time_base
    assert len(looks) == int(length_s // EVERY_S) + 1
    assert looks[-1]["t_s"] > length_s - EVERY_S
    for look in looks:
        assert look["valid"], look["reason"]
        assert PEOPLE_SEEN_MIN <= look["people"]["estimate"] <= PEOPLE_SEEN_MAX
        assert len(look["boxes"]) == look["people"]["estimate"]
    with av.open(str(copy)) as written:
        assert sum(1 for _ in written.decode(video=0)) == len(looks)
