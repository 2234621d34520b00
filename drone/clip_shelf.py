"""Clips on the aircraft, by their SHA-256: sent once, played many times."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import OrderedDict
from pathlib import Path

import anyio

from drone.clips import Clip, clip_of
from drone.loudness import require_sound
from drone.opus import as_wav
from patrol.errors import ConfigError

_KEPT = 64
_SHA256 = re.compile(r"[0-9a-f]{64}")


class NotThatClip(ValueError):
    """The bytes have another hash than the one they were sent under."""


class ClipShelf:
    """A folder of clips, the least used of which are dropped when it is full."""

    def __init__(self, folder: Path, *, kept: int = _KEPT) -> None:
        """Find what is there from before; ConfigError when the folder cannot be used."""
        self._folder = folder
        self._kept = kept
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for part in folder.glob("*.part"):  # of an agent that died while it wrote
                part.unlink()
            files = [file for file in folder.iterdir() if _SHA256.fullmatch(file.name)]
            files.sort(key=lambda file: file.stat().st_mtime)
        except OSError as error:
            raise ConfigError(f"clips cannot be kept in {folder}: {error.strerror}") from error
        self._names = OrderedDict.fromkeys(file.name for file in files)

    async def has(self, sha256: str) -> bool:
        """Whether the clip is here and whole; one that was spoilt has to be put again."""
        return await self._read(sha256) is not None

    async def put(self, sha256: str, sound: bytes) -> Clip:
        """Keep a clip; ValueError says why these bytes are none. What is kept can be heard."""
        found = hashlib.sha256(sound).hexdigest()
        if found != sha256:
            raise NotThatClip(f"the clip that came has the SHA-256 {found}")
        clip = clip_of(sound, "")
        require_sound(await anyio.to_thread.run_sync(as_wav, clip))
        await self._write(sha256, sound)
        self._names[sha256] = None
        self._names.move_to_end(sha256)
        while len(self._names) > self._kept:
            old, _ = self._names.popitem(last=False)
            await anyio.Path(self._folder / old).unlink(missing_ok=True)
        return clip

    async def take(self, sha256: str) -> Clip:
        """The clip as WAV; LookupError when there is none, or none any more."""
        sound = await self._read(sha256)
        if sound is None:
            raise LookupError("there is no such clip here; put it first")
        if sha256 in self._names:  # it may have been dropped while it was read
            self._names.move_to_end(sha256)
        return await anyio.to_thread.run_sync(as_wav, clip_of(sound, ""))

    async def _write(self, sha256: str, sound: bytes) -> None:
        """Whole or not at all: half a file on a full disk would keep the disk full."""
        file = anyio.Path(self._folder / sha256)
        part = file.with_name(f"{uuid.uuid4().hex}.part")  # two may send the same at once
        try:
            await part.write_bytes(sound)
            await part.replace(file)
        finally:
            with anyio.CancelScope(shield=True):
                await part.unlink(missing_ok=True)

    async def _read(self, sha256: str) -> bytes | None:
        """The bytes; a file that was changed or lost is dropped."""
        if sha256 not in self._names:
            return None
        file = anyio.Path(self._folder / sha256)
        try:
            sound = await file.read_bytes()
        except OSError:
            self._names.pop(sha256, None)
            return None
        if hashlib.sha256(sound).hexdigest() == sha256:
            return sound
        self._names.pop(sha256, None)
        await file.unlink(missing_ok=True)
        return None
