"""A sound card through ALSA's own library, so that the card itself says when it has drained."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import io
import threading
import wave
from typing import Any

import anyio
import anyio.lowlevel

from drone.clips import Clip
from drone.loudness import quieter
from patrol.errors import ConfigError, SpeakerUnreachable
from patrol.groups import one_error

_PLAYBACK, _S16_LE, _INTERLEAVED = 0, 2, 3  # snd_pcm_stream_t, _format_t, _access_t
_LATENCY_US = 100_000  # what the card holds: a stop is heard after 20 ms, underruns are rare
_PIECE_S = 0.02


# ALSA would print a page about its configuration; `_require` says it in a sentence.
_SAY_NOTHING = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)(lambda *words: None)


class AlsaOutput:
    """A PCM of ALSA by its name, such as `default` or `plughw:1`."""

    def __init__(self, device: str = "default") -> None:
        """Open it once to see that it is there; ConfigError when it is not."""
        self.name = f"alsa:{device}"
        self._device = device
        self._library = _library()
        try:
            self._library.snd_pcm_close(self._open(8_000))
        except SpeakerUnreachable as error:
            raise ConfigError(str(error)) from error

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Returns when the card has drained; a cancelled call drops what the card still holds."""
        stopped = threading.Event()

        async def stop_when_cancelled() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                stopped.set()

        with one_error():
            async with anyio.create_task_group() as group:
                group.start_soon(stop_when_cancelled)
                # Waited for even when cancelled: the card is free again when this returns.
                was_whole = await anyio.to_thread.run_sync(self._play, clip, volume_pct, stopped)
                group.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint()  # who cancelled the call is told so
        return was_whole

    def _play(self, clip: Clip, volume_pct: float, stopped: threading.Event) -> bool:
        with wave.open(io.BytesIO(clip.sound)) as file:
            rate_hz, channels = file.getframerate(), file.getnchannels()
            samples = quieter(file.readframes(file.getnframes()), volume_pct)
        pcm = self._open(rate_hz, channels)
        step = int(rate_hz * _PIECE_S) * channels * 2
        try:
            for at in range(0, len(samples), step):
                if stopped.is_set():
                    self._library.snd_pcm_drop(pcm)
                    return False
                self._write(pcm, samples[at : at + step], channels * 2)
            self._require(self._library.snd_pcm_drain(pcm), "did not drain")
        finally:
            self._library.snd_pcm_close(pcm)
        return True

    def _open(self, rate_hz: int, channels: int = 1) -> ctypes.c_void_p:
        pcm = ctypes.c_void_p()
        done = self._library.snd_pcm_open(ctypes.byref(pcm), self._device.encode(), _PLAYBACK, 0)
        self._require(done, "cannot be opened")
        resample = 1
        done = self._library.snd_pcm_set_params(
            pcm, _S16_LE, _INTERLEAVED, channels, rate_hz, resample, _LATENCY_US
        )
        if done < 0:
            self._library.snd_pcm_close(pcm)
        self._require(done, "does not take speech")
        return pcm

    def _write(self, pcm: ctypes.c_void_p, piece: bytes, frame_bytes: int) -> None:
        while piece:
            written = self._library.snd_pcm_writei(pcm, piece, len(piece) // frame_bytes)
            if written < 0:
                # An underrun is mended and heard as a gap; a card that was pulled out is not.
                self._require(self._library.snd_pcm_recover(pcm, written, 1), "broke off")
                continue
            piece = piece[written * frame_bytes :]

    def _require(self, done: int, what: str) -> None:
        if done < 0:
            words = self._library.snd_strerror(done).decode(errors="replace")
            raise SpeakerUnreachable(f"the sound card {self._device} {what}: {words}")


def has_alsa() -> bool:
    """Whether this machine has ALSA's library at all."""
    return ctypes.util.find_library("asound") is not None


@functools.cache
def _library() -> Any:  # noqa: ANN401  # a foreign library has no types
    name = ctypes.util.find_library("asound")
    if name is None:
        raise ConfigError("there is no ALSA (libasound.so.2) on this machine")
    library = ctypes.CDLL(name)
    library.snd_pcm_writei.restype = ctypes.c_long
    library.snd_pcm_writei.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong]
    library.snd_pcm_recover.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    library.snd_lib_error_set_handler(_SAY_NOTHING)
    library.snd_strerror.restype = ctypes.c_char_p
    for verb in ("drain", "drop", "close"):
        getattr(library, f"snd_pcm_{verb}").argtypes = [ctypes.c_void_p]
    return library
