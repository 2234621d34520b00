"""What the payload agent answers, read with care: it may be cut off, endless or a stranger's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from drone.server_events import ServerEvent
from patrol.errors import CommandDenied, SpeakerUnreachable

WORDS_MAX = 300  # of what the other side says, in a message
_REPLY_BYTES_MAX = 65_536  # the agent's have some hundred
_STATES = ("ready", "playing")
_SPL_DBA = (30.0, 160.0)  # what a loudspeaker can have


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the loudspeaker says it played to its end."""

    sha256: str
    heard_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerHealth:
    """What the agent says of itself."""

    state: str  # ready or playing
    spl_1m_dba: float  # at full volume
    output: str


def health_of(body: dict[str, Any]) -> SpeakerHealth:
    """From the reply to /health; ValueError for what no loudspeaker can be."""
    state, spl_1m_dba = body["state"], float(body["spl_1m_dba"])
    if state not in _STATES or not _SPL_DBA[0] <= spl_1m_dba <= _SPL_DBA[1]:
        raise ValueError(f"{state!r}, {spl_1m_dba!r} dBA")
    return SpeakerHealth(state=state, spl_1m_dba=spl_1m_dba, output=str(body["output"]))


async def bounded(path: str, answer: httpx.Response) -> bytes:
    """The whole body; SpeakerUnreachable when it has no end."""
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > _REPLY_BYTES_MAX:
            raise SpeakerUnreachable(
                f"{path} is answered without end, by no payload agent",
                text_zh=f"{path}的答复没有尽头，对方不是喊话器",
            )
    return bytes(body)


@dataclass(slots=True, kw_only=True)
class Ear:
    """What is listened for: the end of one play, and where to go on after a break."""

    play_id: str
    boot_id: str
    after: int
    played: Played | None = None

    def hear(self, event: ServerEvent) -> bool:
        """Whether the end is there; CommandDenied when it is no good one."""
        if event.name not in ("hello", "play"):
            return False
        with whole("/events"):
            body = json.loads(event.data)
            if event.name == "hello":
                if body["boot_id"] != self.boot_id:
                    raise CommandDenied(
                        "play",
                        "the payload agent started anew while it played",
                        "播放中喊话器重新启动",
                    )
                return False
            self.after, play = int(body["number"]), body["play"]
            if play["play_id"] == self.play_id:
                self.played = end_of(play)
        return self.played is not None


def end_of(play: dict[str, Any]) -> Played | None:
    """How a play ended; None while it goes on; CommandDenied when it was not heard to its end."""
    if play["state"] == "failed":
        said = str(play["reason"])[:WORDS_MAX]
        raise CommandDenied("play", said, f"喊话器未能播放：{said}")
    if play["state"] != "finished":
        return None
    return Played(sha256=play["sha256"], heard_count=int(play["heard_count"]))


@contextlib.contextmanager
def whole(path: str) -> Iterator[None]:
    """A reply that is cut off, or is some other program's, is no answer of a loudspeaker."""
    try:
        yield
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        why = repr(error)[:WORDS_MAX]
        raise SpeakerUnreachable(
            f"{path} is answered in half, or by something that is no payload agent: {why}",
            text_zh=f"{path}的答复不完整，或对方不是喊话器：{why}",
        ) from error
