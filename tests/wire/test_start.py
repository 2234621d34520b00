"""A station that starts again in a flight loads no more than link, records and guardian need."""

from __future__ import annotations

import subprocess
import sys

import anyio
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from ground_station import unit
from ground_station.store import schema

pytestmark = pytest.mark.timeout(60)  # a loaded machine starts Python slowly
SLOW = ("alembic", "fastapi", "uvicorn", "av", "cv2", "onnxruntime", "pyttsx3", "ortools")


def test_what_is_slow_to_load_is_not_loaded_before_the_aircraft_is_known() -> None:
    code = "import sys, ground_station.station; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "drone.guardian" in loaded
    assert not loaded & set(SLOW)


def test_the_newest_schema_is_known_without_the_program_that_makes_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert schema.newest_heads() == set(ScriptDirectory.from_config(config).get_heads())


@pytest.mark.anyio
async def test_one_silent_aircraft_keeps_the_console_away_for_a_moment_only() -> None:
    async def known() -> None:
        return None

    with anyio.fail_after(5):
        await unit.once_known([known, known], within_s=60.0)
        await unit.once_known([known, anyio.sleep_forever, known], within_s=0.01)
    assert unit._CONSOLE_WITHIN_S <= 1.5
