"""ALSA's library by ctypes: one PCM, never waited for without end. The one file that calls it."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import functools
import os
from typing import Any

from patrol.errors import ConfigError, SpeakerUnreachable

_PLAYBACK, _S16_LE, _INTERLEAVED = 0, 2, 3  # snd_pcm_stream_t, _format_t, _access_t
_NONBLOCK = 1  # a card that somebody else holds is told at once, and none is waited for
_DRAINING, _DISCONNECTED = 5, 8  # snd_pcm_state_t
_LATENCY_US = 100_000  # what the card holds: a stop is heard after 20 ms, underruns are rare
_WAIT_MS = 100

# ALSA would print a page about its configuration; `Pcm` says it in a sentence.
_SAY_NOTHING = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)(lambda *words: None)


class Pcm:
    """A card that is open for 16-bit samples. SpeakerUnreachable says what it does not do."""

    def __init__(self, device: str, *, rate_hz: int, channels: int = 1) -> None:
        self.frame_bytes = 2 * channels
        self._device = device
        self._library = library()
        self._pcm = ctypes.c_void_p()
        self._require(
            self._library.snd_pcm_open(
                ctypes.byref(self._pcm), os.fsencode(device), _PLAYBACK, _NONBLOCK
            ),
            "cannot be opened",
        )
        resample = 1
        done = self._library.snd_pcm_set_params(
            self._pcm, _S16_LE, _INTERLEAVED, channels, rate_hz, resample, _LATENCY_US
        )
        if done < 0:
            self.close()
        self._require(done, "does not take speech")

    def write(self, piece: bytes) -> int | None:
        """The bytes that it took, 0 when it is full; None after a gap that can be heard."""
        frames = self._library.snd_pcm_writei(self._pcm, piece, len(piece) // self.frame_bytes)
        if frames == -errno.EAGAIN or frames == 0:
            waited = self._library.snd_pcm_wait(self._pcm, _WAIT_MS)
            if waited >= 0:
                return 0
            frames = waited
        if frames < 0:
            # An underrun is mended; a card that was pulled out is not.
            self._require(self._library.snd_pcm_recover(self._pcm, frames, 1), "broke off")
            return None
        return int(frames) * self.frame_bytes

    def has_drained(self) -> bool:
        """Whether all that it took has been played."""
        done = self._library.snd_pcm_drain(self._pcm)
        if done == -errno.EAGAIN:
            return False
        self._require(done, "did not drain")
        state = self._library.snd_pcm_state(self._pcm)
        if state == _DISCONNECTED:
            raise SpeakerUnreachable(
                f"the sound card {self._device} is gone", text_zh=f"声卡{self._device}已断开"
            )
        return bool(state != _DRAINING)

    def drop(self) -> None:
        """Silence at once."""
        self._library.snd_pcm_drop(self._pcm)

    def close(self) -> None:
        """Let the card go."""
        self._library.snd_pcm_close(self._pcm)

    def _require(self, done: int, what: str) -> None:
        if done < 0:
            words = self._library.snd_strerror(done).decode(errors="replace")
            raise SpeakerUnreachable(
                f"the sound card {self._device} {what}: {words}",
                text_zh=f"声卡{self._device}出错：{words}",
            )


def has_alsa() -> bool:
    """Whether this machine has ALSA's library at all."""
    return ctypes.util.find_library("asound") is not None


@functools.cache
def library() -> Any:  # noqa: ANN401  # a foreign library has no types
    """ALSA's; ConfigError where there is none."""
    name = ctypes.util.find_library("asound")
    if name is None:
        raise ConfigError("there is no ALSA (libasound.so.2) on this machine")
    found = ctypes.CDLL(name)
    found.snd_pcm_writei.restype = ctypes.c_long
    found.snd_pcm_writei.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong]
    found.snd_pcm_recover.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    found.snd_pcm_wait.argtypes = [ctypes.c_void_p, ctypes.c_int]
    found.snd_pcm_set_params.argtypes = [ctypes.c_void_p, *[ctypes.c_uint] * 6]
    found.snd_lib_error_set_handler(_SAY_NOTHING)
    found.snd_strerror.restype = ctypes.c_char_p
    for verb in ("drain", "drop", "close", "state"):
        getattr(found, f"snd_pcm_{verb}").argtypes = [ctypes.c_void_p]
    return found
