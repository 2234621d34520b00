"""A sound card through ALSA's own library, so that the card itself says when it has drained."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable

import anyio

from drone.alsa_library import Pcm, library
from drone.clips import Clip
from drone.live_feed import LiveFeed
from drone.loudness import require_heard, samples_at
from patrol.errors import ConfigError, SpeakerUnreachable
from patrol.groups import one_error

_PIECE_S = 0.02
_LOOK_S = 0.1  # wall; how often a card that may hang is looked at
_STALL_S = 2.0  # wall; a card holds 0.1 s: one that takes nothing for longer hangs
_LEAVE_S = 1.0  # wall; what a card gets to fall silent before it is left alone
_GAPS_MAX = 3  # in a clip; with more the words are broken


class AlsaOutput:
    """A PCM of ALSA by its name, such as `default` or `plughw:1`."""

    def __init__(self, device: str = "default", *, stall_s: float = _STALL_S) -> None:
        """Open it once to see that it is there; ConfigError when it is not."""
        self.name = f"alsa:{device}"
        self._device = device
        self._stall_s = stall_s
        self._last: threading.Thread | None = None
        library()
        try:
            Pcm(device, rate_hz=8_000).close()
        except SpeakerUnreachable as error:
            raise ConfigError(str(error)) from error

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        """Returns when the card has drained; a cancelled call drops what the card still holds.

        SpeakerUnreachable when the card fails, hangs, or is done before anybody can have heard it.
        """
        samples, rate_hz, channels = samples_at(clip, volume_pct)
        step = 2 * channels * int(rate_hz * _PIECE_S)
        pieces = (samples[at : at + step] for at in range(0, len(samples), step))
        return await self._take_turn(_Turn(self._device, pieces, rate_hz, channels))

    async def play_live(
        self, samples: AsyncIterator[bytes], *, rate_hz: int, volume_pct: float
    ) -> bool:
        """As `play`, of samples as they come; what is late is heard as a pause."""
        feed = LiveFeed(int(rate_hz * _PIECE_S), wait_s=_PIECE_S)
        turn = _Turn(self._device, feed, rate_hz, 1)
        with one_error():
            async with anyio.create_task_group() as group:
                group.start_soon(feed.fill, samples, volume_pct)
                was_whole = await self._take_turn(turn)
                group.cancel_scope.cancel()
        return was_whole

    async def _take_turn(self, turn: _Turn) -> bool:
        if self._last is not None and self._last.is_alive():
            raise SpeakerUnreachable(
                f"the sound card {self._device} still hangs from before",
                text_zh=f"声卡{self._device}此前已挂起，仍未恢复",
            )
        loop, is_over = asyncio.get_running_loop(), anyio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(is_over.set)

        # A daemon: a card that never answers must not keep the agent from ending.
        self._last = threading.Thread(target=turn.run, args=[tell], name="alsa", daemon=True)
        self._last.start()
        try:
            await self._until_over(turn, is_over)
        finally:
            turn.stopped.set()
            with anyio.move_on_after(_LEAVE_S, shield=True):
                await is_over.wait()
        return turn.result()

    async def _until_over(self, turn: _Turn, is_over: anyio.Event) -> None:
        while not is_over.is_set():
            with anyio.move_on_after(_LOOK_S):
                await is_over.wait()
            if not is_over.is_set() and time.monotonic() - turn.moved_s > self._stall_s:
                raise SpeakerUnreachable(
                    f"the sound card {self._device} hangs: it took nothing for {self._stall_s:g} s",
                    text_zh=f"声卡{self._device}挂起：{self._stall_s:g}秒内未取走声音",
                )


class _Turn:
    """One sound on one card, in a thread of its own."""

    def __init__(self, device: str, pieces: Iterable[bytes], rate_hz: int, channels: int) -> None:
        self.stopped = threading.Event()
        self.moved_s = time.monotonic()  # when the card last took something
        self._device = device
        self._pieces = pieces
        self._rate_hz = rate_hz
        self._channels = channels
        self._was_whole = False
        self._error: SpeakerUnreachable | None = None
        self._gap_count = 0
        self._lasts_s = 0.0

    def run(self, tell: Callable[[], None]) -> None:
        """Play it, and tell the one who waits."""
        try:
            self._was_whole = self._play()
        except SpeakerUnreachable as error:
            self._error = error
        finally:
            tell()

    def result(self) -> bool:
        """Whether it was played to its end."""
        if self._error is not None:
            raise self._error
        return self._was_whole

    def _play(self) -> bool:
        pcm = Pcm(self._device, rate_hz=self._rate_hz, channels=self._channels)
        began_s = time.monotonic()
        try:
            for piece in self._pieces:
                if piece:
                    self._write(pcm, piece)
                else:  # a voice that has not begun: the card is not asked for anything
                    self.moved_s = time.monotonic()
                if self.stopped.is_set():
                    break
            while not self.stopped.is_set() and not pcm.has_drained():
                self.stopped.wait(_PIECE_S)
            if self.stopped.is_set():
                pcm.drop()
                return False
        finally:
            pcm.close()
        took_s = time.monotonic() - began_s
        require_heard(self._lasts_s, took_s, by=f"the sound card {self._device}")
        return True

    def _write(self, pcm: Pcm, piece: bytes) -> None:
        while piece and not self.stopped.is_set():
            taken = pcm.write(piece)
            if taken is None:
                self._gap_count += 1
                if self._gap_count > _GAPS_MAX:
                    raise SpeakerUnreachable(
                        f"the sound card {self._device} broke off {self._gap_count} times",
                        text_zh=f"声卡{self._device}中断{self._gap_count}次",
                    )
            elif taken > 0:
                self.moved_s = time.monotonic()
                self._lasts_s += taken / pcm.frame_bytes / self._rate_hz
                piece = piece[taken:]
