"""Where the payload agent's sound goes: a sound card, an exercise's air, files, or nowhere."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import wave
from pathlib import Path
from typing import Protocol

import anyio
import httpx

from drone.alsa import AlsaOutput
from drone.child_process import run_to_end
from drone.clips import WAV, Clip
from drone.loudness import level_1m_dba, quieter, require_heard
from patrol.errors import ConfigError, SpeakerUnreachable

_PLAYERS = (["paplay"], ["aplay", "-q"], ["afplay"])
_LONGEST_PLAY_S = 600.0
_PLAYER_LATE_S = 10.0  # wall; what a player takes beyond the clip to start and to drain
_HEARD = "[0-9][0-9][0-9][0-9]-*.wav"


class SoundOutput(Protocol):
    """Plays a WAV clip to its end; cancelling the call silences it at once.

    A device that hangs is given up in seconds, told in words, and keeps nobody waiting.
    """

    @property
    def name(self) -> str:
        """How `/health` calls it."""
        ...

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Whether the device played it to its end; SpeakerUnreachable when it cannot."""
        ...


class NullOutput:
    """Takes as long as the clip and makes no sound."""

    name = "null"

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Wait in silence."""
        await anyio.sleep(clip.duration_s)
        return True


class AirOutput:
    """Posts the clip to an exercise's air, which answers when it has been heard to its end."""

    def __init__(self, url: str) -> None:
        self.name = f"air:{url}"
        self._url = url

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Play in the exercise's time."""
        headers = {"Content-Type": WAV, "X-Spl-1m-Dba": f"{level_1m_dba(volume_pct):.1f}"}
        try:
            is_clear = self._url.startswith("http:")  # reading all authorities takes 0.1 s
            async with httpx.AsyncClient(
                timeout=_LONGEST_PLAY_S, trust_env=False, verify=not is_clear
            ) as client:
                answer = await client.post(self._url, content=clip.sound, headers=headers)
                answer.raise_for_status()
                return bool(answer.json()["finished"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise SpeakerUnreachable(
                f"the air did not take the clip: {error}", text_zh=f"模拟环境未接收声音：{error}"
            ) from error


class FileOutput:
    """Writes what would be heard into a folder; a file that has its name is whole."""

    def __init__(self, folder: Path) -> None:
        self.name = f"file:{folder}"
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._count = max((int(file.name[:4]) for file in folder.glob(_HEARD)), default=0)
            with tempfile.TemporaryFile(dir=folder):
                pass  # it can be written
        except OSError as error:
            raise ConfigError(f"cannot write into {folder}: {error.strerror}") from error

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Write one file."""
        self._count += 1
        file = self._folder / f"{self._count:04d}-{clip.sha256[:12]}.wav"
        part = anyio.Path(file.with_suffix(".part"))
        try:
            await part.write_bytes(_wav_at(clip, volume_pct))
            await part.replace(file)
        except OSError as error:
            with contextlib.suppress(OSError):
                await part.unlink(missing_ok=True)
            raise SpeakerUnreachable(
                f"cannot write {file}: {error.strerror}",
                text_zh=f"无法写入{file}：{error.strerror}",
            ) from error
        return True


class PlayerOutput:
    """The system's sound player, which ends when the card has drained."""

    def __init__(self) -> None:
        found = next((player for player in _PLAYERS if shutil.which(player[0])), None)
        if found is None:
            names = ", ".join(player[0] for player in _PLAYERS)
            raise ConfigError(f"no sound player is installed (one of {names})")
        self._player = found
        self.name = f"player:{found[0]}"

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Play in a process of its own, which a cancelled call ends."""
        began_s = anyio.current_time()
        try:
            with anyio.fail_after(clip.duration_s + _PLAYER_LATE_S):
                code, words = await self._run(_wav_at(clip, volume_pct))
        except TimeoutError:
            raise SpeakerUnreachable(
                f"{self._player[0]} hangs", text_zh=f"{self._player[0]}挂起"
            ) from None
        if code != 0:
            raise SpeakerUnreachable(
                f"{self._player[0]} could not play: {words or code}",
                text_zh=f"{self._player[0]}无法播放：{words or code}",
            )
        require_heard(clip.duration_s, anyio.current_time() - began_s, by=self._player[0])
        return True

    async def _run(self, sound: bytes) -> tuple[int, str]:
        try:
            with tempfile.TemporaryDirectory(prefix="gridpatrol-agent-") as folder:
                file = Path(folder) / "clip.wav"
                await anyio.Path(file).write_bytes(sound)
                return await run_to_end([*self._player, str(file)])
        except OSError as error:  # the disk is full, or the player is not there any more
            raise SpeakerUnreachable(
                f"the clip cannot be played: {error.strerror}",
                text_zh=f"声音无法播放：{error.strerror}",
            ) from error


def _wav_at(clip: Clip, volume_pct: float) -> bytes:
    out = io.BytesIO()
    with wave.open(io.BytesIO(clip.sound)) as source, wave.open(out, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(quieter(source.readframes(source.getnframes()), volume_pct))
    return out.getvalue()


def _device() -> SoundOutput:
    """The sound card, or a player where ALSA has none (macOS, a sound server)."""
    try:
        return AlsaOutput()
    except ConfigError as no_card:
        try:
            return PlayerOutput()
        except ConfigError as no_player:
            raise ConfigError(
                f"{no_card}; {no_player}; --output file:FOLDER writes files instead"
            ) from no_card


def output_of(text: str) -> SoundOutput:
    """`device`, `alsa:NAME`, `air:URL`, `file:FOLDER` or `null`; ConfigError for anything else."""
    kind, _, where = text.partition(":")
    if text == "device":
        return _device()
    if text == "null":
        return NullOutput()
    if kind == "alsa" and where:
        return AlsaOutput(where)
    if kind == "file" and where:
        return FileOutput(Path(where))
    if kind == "air" and where.startswith(("http://", "https://")):
        return AirOutput(where)
    raise ConfigError(
        f"no such sound output: {text!r} (device, alsa:NAME, air:URL, file:FOLDER or null)"
    )
