"""Makes an environment with `mavsdk-grpc` from PyPI once, and measures in it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio

from ground_station.children import running

_PACKAGE = "mavsdk-grpc==4.0.5"
_SCRIPT = Path(__file__).with_name("grpc_streams.py")
_LONGEST_S = 300.0  # wall, for pip
_CONNECTED_S = 30.0  # wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """None with a reason where it could not be measured."""

    cpu_s_per_aircraft_s: float | None = None
    samples_hz: float | None = None
    version: str = _PACKAGE
    reason: str | None = None


async def prepare_grpc(within_s: float | None) -> Path | str:
    """The Python of its environment, or why there is none."""
    if sys.platform != "linux":
        return "the time of its servers can be read on Linux only"
    late = "there was no time left to make its environment"
    if within_s is not None and within_s <= 0.0:
        return late
    try:
        with anyio.fail_after(_LONGEST_S if within_s is None else within_s):
            return await _environment()
    except TimeoutError:
        return late
    except OSError as error:
        return f"its environment could not be made: {error}"


async def measure_grpc(
    python: Path | str, folder: Path, *, aircraft: int, settle_s: float, window_s: float
) -> Theirs:
    """The same streams of so many fresh aircraft."""
    if isinstance(python, str):
        return Theirs(reason=python)
    command = ["-m", "sim.bench_fleet", "--aircraft", str(aircraft)]
    try:
        with anyio.fail_after(_CONNECTED_S + settle_s + window_s):
            async with running("aircraft-grpc", command, log_dir=folder) as simulator:
                urls = [one["mavlink"] for one in simulator.ready["aircraft"]]
                told = await _run(
                    [str(python), str(_SCRIPT), str(settle_s), str(window_s), *urls], folder
                )
    except TimeoutError:
        return Theirs(reason="it did not connect in time")
    try:
        result = json.loads(told)
        return Theirs(
            cpu_s_per_aircraft_s=float(result["cpu_s_per_aircraft_s"]),
            samples_hz=float(result["samples_hz"]),
        )
    except (ValueError, KeyError):
        return Theirs(reason=f"it did not end well: {told.strip()[-200:]}")


async def _environment() -> Path:
    """Its Python; made on the first use, kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "gridpatrol" / "bench" / _PACKAGE.replace("==", "-")
    python, done = folder / "bin" / "python", folder / "complete"
    if done.exists() and python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    for step in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _PACKAGE],
    ):
        result = await anyio.run_process(step, check=False)
        if result.returncode:
            words = (result.stderr or result.stdout).decode(errors="replace").strip()
            raise OSError(words[-300:] or f"{step[1:3]} ended with {result.returncode}")
    done.touch()
    return python


async def _run(command: list[str], folder: Path) -> str:
    # A folder of its own: beside our sources it would import ours.
    result = await anyio.run_process(command, check=False, cwd=folder, start_new_session=True)
    out = result.stdout.decode(errors="replace").strip()
    return out.splitlines()[-1] if out else result.stderr.decode(errors="replace")
