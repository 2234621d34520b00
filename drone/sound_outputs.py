"""Where the payload agent's sound goes: the sound card, an exercise's air, or nowhere."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

import anyio
import httpx

from drone.voice import Clip
from patrol.errors import ConfigError, SpeakerUnreachable

_PLAYERS = (["paplay"], ["aplay", "-q"], ["afplay"])
_LONGEST_PLAY_S = 600.0


class SoundOutput(Protocol):
    """Plays a clip to its end; cancelling the call silences it at once."""

    @property
    def name(self) -> str:
        """How `/health` calls it."""
        ...

    async def play(self, clip: Clip, spl_1m_dba: float) -> bool:
        """Whether it was played to its end; SpeakerUnreachable when it cannot be played."""
        ...


class NullOutput:
    """Takes as long as the clip and makes no sound."""

    name = "null"

    async def play(self, clip: Clip, spl_1m_dba: float) -> bool:
        """Wait in silence."""
        await anyio.sleep(clip.duration_s)
        return True


class AirOutput:
    """Posts the clip to an exercise's air, which answers when it has been heard to its end."""

    def __init__(self, url: str) -> None:
        self.name = f"air:{url}"
        self._url = url

    async def play(self, clip: Clip, spl_1m_dba: float) -> bool:
        """Play in the exercise's time."""
        headers = {"Content-Type": "audio/wav", "X-Spl-1m-Dba": f"{spl_1m_dba:g}"}
        try:
            async with httpx.AsyncClient(timeout=_LONGEST_PLAY_S, trust_env=False) as client:
                answer = await client.post(self._url, content=clip.wav, headers=headers)
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise SpeakerUnreachable(f"the air did not take the clip: {error}") from error
        return bool(answer.json()["finished"])


class DeviceOutput:
    """The sound card, through the player that the system has."""

    name = "device"

    def __init__(self) -> None:
        found = next((player for player in _PLAYERS if shutil.which(player[0])), None)
        if found is None:
            names = ", ".join(player[0] for player in _PLAYERS)
            raise ConfigError(f"no sound player is installed (one of {names})")
        self._player = found

    async def play(self, clip: Clip, spl_1m_dba: float) -> bool:
        """Play at the card's volume; the level is the amplifier's business."""
        with tempfile.TemporaryDirectory(prefix="gridpatrol-agent-") as folder:
            file = Path(folder) / "clip.wav"
            await anyio.Path(file).write_bytes(clip.wav)
            done = await anyio.run_process(
                [*self._player, str(file)], check=False, stderr=subprocess.PIPE
            )
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip()
            raise SpeakerUnreachable(f"{self._player[0]} could not play: {words}")
        return True


def output_of(text: str) -> SoundOutput:
    """`device`, `null` or `air:URL`; ConfigError for anything else."""
    if text == "device":
        return DeviceOutput()
    if text == "null":
        return NullOutput()
    if text.startswith("air:http"):
        return AirOutput(text.removeprefix("air:"))
    raise ConfigError(f"no such sound output: {text!r} (device, null or air:URL)")
