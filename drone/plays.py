"""The loudspeaker's turn: carries out orders, one clip at a time, and tells each step.

It decides nothing: a person released what comes here.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import anyio
import anyio.abc

from drone.clips import LONGEST_CLIP_S, Clip
from drone.live_output import play_live
from drone.live_voice import LiveVoice, VoiceStalled
from drone.play_events import EventLog
from drone.play_orders import OrderRefused, Play, PlayOrder
from drone.sound_outputs import SoundOutput
from patrol.clock import utc_text
from patrol.errors import SpeakerUnreachable

_PLAYS_KEPT = 200
# A key has to be remembered until its order expires, and words that wait for longer are stale.
_AHEAD_MAX = timedelta(seconds=120)
_BETWEEN_S = 1.0  # wall; words that follow themselves without a breath are not understood
_SILENT_WITHIN_S = 3.0  # wall; an output gives a device up before


class Player:
    """Carries out orders, one at a time, and tells each step."""

    def __init__(
        self,
        output: SoundOutput,
        group: anyio.abc.TaskGroup,
        log: EventLog,
        now_utc: Callable[[], datetime],
    ) -> None:
        """`now_utc` never steps: an order would live longer, or die at once."""
        self.now_utc = now_utc
        self._output = output
        self._group = group
        self._log = log
        self._plays: OrderedDict[str, Play] = OrderedDict()
        self._by_key: dict[str, str] = {}
        self._revoked: deque[str] = deque(maxlen=_PLAYS_KEPT)
        self._scope: anyio.CancelScope | None = None
        self._voice: tuple[str, LiveVoice] | None = None
        self._silent = anyio.Event()
        self._stop_count = 0

    @property
    def is_playing(self) -> bool:
        """Whether an order is being carried out."""
        return self._scope is not None

    @property
    def stop_count(self) -> int:
        """How often somebody has pressed stop."""
        return self._stop_count

    def find(self, play_id: str) -> Play | None:
        """A play by its id."""
        return self._plays.get(play_id)

    def known(self, order: PlayOrder) -> Play | None:
        """The play that this key already has.

        OrderRefused for another order, a revoked one, or one that an earlier run of the agent got
        and may have played.
        """
        if order.boot_id not in ("", self._log.boot_id):
            raise OrderRefused(
                409, "the payload agent started anew; whether this was played is not known"
            )
        play = self._plays.get(self._by_key.get(order.key, ""))
        if play is not None and replace(play.order, expires_utc=order.expires_utc) != order:
            raise OrderRefused(409, "this Idempotency-Key was used for another order")
        if play is None and order.key in self._revoked:
            raise OrderRefused(410, "stopped by a person")
        return play

    def accept(self, order: PlayOrder, clip: Clip, *, stops_before: int | None = None) -> Play:
        """Begin; OrderRefused when it came too late, would be too long or the horn is busy.

        `stops_before` is the stop count when the order came in: a later stop is meant for it too.
        """
        if clip.duration_s * order.repeat > LONGEST_CLIP_S:
            raise OrderRefused(400, f"longer than {LONGEST_CLIP_S:.0f} s with its repeats")
        return self._begin(order, partial(self._play_all, clip), stops_before)

    def accept_live(
        self, order: PlayOrder, voice: LiveVoice, *, stops_before: int | None = None
    ) -> Play:
        """Begin to play a voice as it comes; refused as `accept` refuses."""
        play = self._begin(order, partial(self._play_live, voice), stops_before)
        self._voice = (play.play_id, voice)
        return play

    def voice(self, play_id: str) -> LiveVoice:
        """The voice that is being played; OrderRefused when it is not, or not any more."""
        if self._voice is None or self._voice[0] != play_id:
            play = self.find(play_id)
            raise OrderRefused(
                404 if play is None else 409,
                "no such play" if play is None else f"it has ended: {play.reason or play.state}",
            )
        return self._voice[1]

    def _begin(
        self,
        order: PlayOrder,
        sound: Callable[[Play], Awaitable[None]],
        stops_before: int | None,
    ) -> Play:
        now_utc = self.now_utc()
        if stops_before not in (None, self._stop_count):
            raise OrderRefused(410, "stopped by a person")
        if now_utc >= order.expires_utc:
            raise OrderRefused(410, f"too late: it expired at {utc_text(order.expires_utc)}")
        if order.expires_utc > now_utc + _AHEAD_MAX:
            raise OrderRefused(
                400, f"expires more than {_AHEAD_MAX.seconds} s after now, {utc_text(now_utc)}"
            )
        if self._scope is not None:
            raise OrderRefused(409, "the loudspeaker is playing")
        play = Play(
            play_id=uuid.uuid4().hex[:12], order=order, state="accepted", after=self._log.last
        )
        self._scope, self._silent = anyio.CancelScope(), anyio.Event()
        self._keep(play)
        self._group.start_soon(self._play, play, sound, self._scope)
        return play

    async def stop(self, keys: Iterable[str] = ()) -> bool:
        """Silence; returns when it is silent, and whether anything was playing.

        Orders under these keys, and those that are being read, are refused when they come.
        OrderRefused when the device goes on.
        """
        self._stop_count += 1
        self._revoked.extend(keys)
        if self._scope is None:
            return False
        self._scope.cancel()
        silent = self._silent
        with anyio.move_on_after(_SILENT_WITHIN_S):
            await silent.wait()
        if not silent.is_set():
            raise OrderRefused(503, f"the loudspeaker is not silent after {_SILENT_WITHIN_S:g} s")
        return True

    async def _play(
        self, play: Play, sound: Callable[[Play], Awaitable[None]], scope: anyio.CancelScope
    ) -> None:
        try:
            with scope:
                await sound(self._keep(replace(play, state="started")))
            if scope.cancelled_caught:
                self._end(play, "stopped by a person")
        finally:
            self._end(play, "the payload agent ended")
            self._scope = self._voice = None
            self._silent.set()

    async def _play_live(self, voice: LiveVoice, play: Play) -> None:
        reason = ""
        try:
            was_whole = await play_live(self._output, voice, play.order.volume_pct)
            reason = "" if was_whole else "the output was silenced"
        except (SpeakerUnreachable, VoiceStalled) as error:
            reason = str(error)
        finally:
            self._plays[play.play_id] = play = replace(
                self._plays[play.play_id], live_sha256=voice.sha256,
                live_s=round(voice.duration_s, 3),
            )  # fmt: skip
        if reason:
            self._end(play, reason)
        else:
            self._keep(replace(play, state="finished", heard_count=1))

    async def _play_all(self, clip: Clip, play: Play) -> None:
        for count in range(1, play.order.repeat + 1):
            if count > 1:
                await anyio.sleep(_BETWEEN_S)
            try:
                was_whole = await self._output.play(clip, play.order.volume_pct)
            except SpeakerUnreachable as error:
                self._end(play, str(error))
                return
            if not was_whole:
                self._end(play, "the output was silenced")
                return
            play = self._plays[play.play_id] = replace(play, heard_count=count)
        self._keep(replace(play, state="finished"))

    def _end(self, play: Play, reason: str) -> None:
        """Failed, unless it has ended already."""
        play = self._plays[play.play_id]
        if play.state in ("accepted", "started"):
            self._keep(replace(play, state="failed", reason=reason))

    def _keep(self, play: Play) -> Play:
        self._plays[play.play_id] = play
        self._by_key[play.order.key] = play.play_id
        now_utc = self.now_utc()
        self._log.add(play, now_utc)
        while len(self._plays) > _PLAYS_KEPT:
            oldest = next(iter(self._plays.values()))
            if oldest.order.expires_utc > now_utc:
                break  # its order may come again
            del self._plays[oldest.play_id]
            self._by_key.pop(oldest.order.key, None)
        return play
