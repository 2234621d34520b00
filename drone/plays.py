"""What the loudspeaker is told to play, and what becomes of it: one clip at a time.

It decides nothing: a person released what comes here.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.abc

from drone.clips import LONGEST_CLIP_S, Clip
from drone.sound_outputs import SoundOutput
from patrol.clock import parse_utc, utc_text
from patrol.errors import SpeakerUnreachable

_PLAYS_KEPT = 200
_EVENTS_KEPT = 1000
_REPEAT_MAX = 5
_KEY_CHARACTERS_MAX = 200
ENDED = ("finished", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOrder:
    """What was asked for; the same key with the same order is one play, however often it comes."""

    key: str
    sha256: str
    announcement_id: str
    expires_utc: datetime  # by the agent's own clock
    volume_pct: float
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """An order on its way through the loudspeaker."""

    play_id: str
    order: PlayOrder
    state: str  # accepted, started, finished or failed
    after: int  # the number of the last event before its first
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        order = self.order
        return {
            "play_id": self.play_id, "announcement_id": order.announcement_id,
            "sha256": order.sha256, "volume_pct": order.volume_pct, "repeat": order.repeat,
            "state": self.state, "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayEvent:
    """One step of a play; the number is where a listener goes on after a break."""

    number: int
    at_utc: str
    play: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


class OrderRefused(ValueError):
    """This order is not carried out; the status is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_order(key: str, body: object) -> PlayOrder:
    """An order from a request; OrderRefused names what is wrong."""
    if not key.strip() or len(key) > _KEY_CHARACTERS_MAX:
        raise OrderRefused(400, "wants a header Idempotency-Key")
    if not isinstance(body, Mapping):
        raise OrderRefused(400, "wants a JSON object")
    try:
        order = PlayOrder(
            key=key,
            sha256=str(body["sha256"]),
            announcement_id=str(body["announcement_id"]),
            expires_utc=parse_utc(str(body["expires_utc"])),
            volume_pct=float(body.get("volume_pct", 100.0)),
            repeat=int(body.get("repeat", 1)),
        )
    except KeyError as error:
        raise OrderRefused(400, f"wants {error}") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise OrderRefused(400, f"not an order: {error}") from error
    if not 1.0 <= order.volume_pct <= 100.0:
        raise OrderRefused(400, "volume_pct is 1 to 100")
    if not 1 <= order.repeat <= _REPEAT_MAX:
        raise OrderRefused(400, f"repeat is 1 to {_REPEAT_MAX}")
    return order


class EventLog:
    """The newest events, for listeners that come and go."""

    def __init__(self) -> None:
        self.boot_id = uuid.uuid4().hex[:12]  # numbers of another boot mean nothing here
        self._events: OrderedDict[int, PlayEvent] = OrderedDict()
        self._newer = anyio.Event()
        self._last = 0
        self._is_closed = False

    @property
    def last(self) -> int:
        """The newest number; 0 before the first."""
        return self._last

    def add(self, play: Play) -> None:
        """Tell every listener."""
        self._last += 1
        self._events[self._last] = PlayEvent(
            number=self._last, at_utc=utc_text(datetime.now(UTC)), play=play.to_dict()
        )
        while len(self._events) > _EVENTS_KEPT:
            self._events.popitem(last=False)
        self._wake()

    def close(self) -> None:
        """Let every listener go: the agent ends."""
        self._is_closed = True
        self._wake()

    async def after(self, number: int, every_s: float) -> AsyncIterator[PlayEvent | None]:
        """Each event after that number; None when `every_s` passed without one."""
        while not self._is_closed:
            newer = self._newer
            for event in [event for event in self._events.values() if event.number > number]:
                number = event.number
                yield event
            if newer is not self._newer:
                continue  # more came while these were sent
            with anyio.move_on_after(every_s) as waited:
                await newer.wait()
            if waited.cancelled_caught:
                yield None

    def _wake(self) -> None:
        newer, self._newer = self._newer, anyio.Event()
        newer.set()


class Player:
    """Carries out orders, one at a time, and tells each step."""

    def __init__(
        self,
        output: SoundOutput,
        group: anyio.abc.TaskGroup,
        log: EventLog,
        now_utc: Callable[[], datetime],
    ) -> None:
        self._output = output
        self._group = group
        self._log = log
        self._now_utc = now_utc
        self._plays: OrderedDict[str, Play] = OrderedDict()
        self._by_key: dict[str, str] = {}
        self._revoked: deque[str] = deque(maxlen=_PLAYS_KEPT)
        self._scope: anyio.CancelScope | None = None
        self._silent = anyio.Event()

    @property
    def is_playing(self) -> bool:
        """Whether an order is being carried out."""
        return self._scope is not None

    def find(self, play_id: str) -> Play | None:
        """A play by its id."""
        return self._plays.get(play_id)

    def known(self, order: PlayOrder) -> Play | None:
        """The play that this key already has; OrderRefused for another order, or a revoked one."""
        play = self._plays.get(self._by_key.get(order.key, ""))
        if play is not None and replace(play.order, expires_utc=order.expires_utc) != order:
            raise OrderRefused(409, "this Idempotency-Key was used for another order")
        if play is None and order.key in self._revoked:
            raise OrderRefused(410, "stopped by a person")
        return play

    def accept(self, order: PlayOrder, clip: Clip) -> Play:
        """Begin; OrderRefused when it came too late, would be too long or the horn is busy."""
        if self._now_utc() >= order.expires_utc:
            raise OrderRefused(410, f"too late: it expired at {utc_text(order.expires_utc)}")
        if clip.duration_s * order.repeat > LONGEST_CLIP_S:
            raise OrderRefused(400, f"longer than {LONGEST_CLIP_S:.0f} s with its repeats")
        if self._scope is not None:
            raise OrderRefused(409, "the loudspeaker is playing")
        play = Play(
            play_id=uuid.uuid4().hex[:12], order=order, state="accepted", after=self._log.last
        )
        self._scope, self._silent = anyio.CancelScope(), anyio.Event()
        self._keep(play)
        self._group.start_soon(self._play, play, clip, self._scope)
        return play

    async def stop(self, keys: Iterable[str] = ()) -> bool:
        """Silence; returns when it is silent, and whether anything was playing.

        Orders under these keys that are still on their way are refused when they come.
        """
        self._revoked.extend(keys)
        if self._scope is None:
            return False
        self._scope.cancel()
        await self._silent.wait()
        return True

    async def _play(self, play: Play, clip: Clip, scope: anyio.CancelScope) -> None:
        ended = replace(play, state="failed", reason="the payload agent ended")
        try:
            with scope:
                ended = await self._play_all(play, clip)
            if scope.cancelled_caught:
                ended = replace(ended, reason="stopped by a person")
        finally:
            self._scope = None
            self._keep(ended)
            self._silent.set()

    async def _play_all(self, play: Play, clip: Clip) -> Play:
        self._keep(replace(play, state="started"))
        for _ in range(play.order.repeat):
            try:
                was_whole = await self._output.play(clip, play.order.volume_pct)
            except SpeakerUnreachable as error:
                return replace(play, state="failed", reason=str(error))
            if not was_whole:
                return replace(play, state="failed", reason="the output was silenced")
        return replace(play, state="finished")

    def _keep(self, play: Play) -> None:
        self._plays[play.play_id] = play
        self._by_key[play.order.key] = play.play_id
        self._log.add(play)
        while len(self._plays) > _PLAYS_KEPT:
            _, old = self._plays.popitem(last=False)
            self._by_key.pop(old.order.key, None)
