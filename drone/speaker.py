"""The loudspeaker as the station reaches it: the payload agent over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import anyio
import httpx

from drone.voice import Clip
from patrol.errors import CommandDenied, SpeakerUnreachable

_ASK_EVERY_S = 0.05  # wall
_LONGEST_PLAY_S = 180.0  # wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the loudspeaker says it played to its end."""

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerHealth:
    """What the agent says of itself."""

    state: str
    spl_1m_dba: float
    output: str


class Speaker(Protocol):
    """Plays a released clip. SpeakerUnreachable when it does not answer."""

    async def play(self, clip: Clip, announcement_id: str) -> Played:
        """Returns when it was played to its end; CommandDenied when it was not."""
        ...

    async def stop(self) -> None:
        """Silence at once."""
        ...

    async def health(self) -> SpeakerHealth:
        """Whether it is there."""
        ...


class _Answer(dict[str, Any]):
    """What an agent answered; asking for what an agent always says tells another service apart."""

    def __init__(self, path: str, body: dict[str, Any]) -> None:
        super().__init__(body)
        self._path = path

    def __missing__(self, key: str) -> Any:  # noqa: ANN401  # JSON value
        raise _foreign(self._path)


def _foreign(path: str) -> SpeakerUnreachable:
    return SpeakerUnreachable(f"{path} is answered by something that is no payload agent")


class HttpSpeaker:
    """The payload agent at an address."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=5.0, trust_env=False)

    async def play(self, clip: Clip, announcement_id: str) -> Played:
        """Send the clip, start it and wait for its end."""
        kept = await self._ask(
            "POST", "/clips", content=clip.wav, headers={"Content-Type": "audio/wav"}
        )
        if kept["sha256"] != clip.sha256:
            raise CommandDenied("play", "the loudspeaker got another clip than was sent")
        play = await self._ask(
            "POST", "/plays",
            json={"sha256": clip.sha256, "announcement_id": announcement_id, "profile": "NORMAL"},
        )  # fmt: skip
        try:
            with anyio.fail_after(_LONGEST_PLAY_S):
                while play["state"] == "playing":
                    await anyio.sleep(_ASK_EVERY_S)
                    play = await self._ask("GET", f"/plays/{play['play_id']}")
        except TimeoutError:
            await self.stop()
            raise CommandDenied("play", f"not over after {_LONGEST_PLAY_S:.0f} s") from None
        if play["state"] != "finished":
            raise CommandDenied("play", play["reason"] or play["state"])
        return Played(sha256=play["sha256"])

    async def stop(self) -> None:
        """Silence at once."""
        await self._ask("POST", "/stop")

    async def health(self) -> SpeakerHealth:
        """What the agent says of itself."""
        body = await self._ask("GET", "/health")
        return SpeakerHealth(
            state=body["state"], spl_1m_dba=body["spl_1m_dba"], output=body["output"]
        )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _ask(self, method: str, path: str, **content: Any) -> _Answer:  # noqa: ANN401
        try:
            answer = await self._http.request(method, path, **content)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SpeakerUnreachable(f"the loudspeaker does not answer: {error!r}") from error
        if not isinstance(body, dict):
            raise _foreign(path)
        if answer.is_error:
            raise CommandDenied(f"loudspeaker {path}", str(body.get("error", answer.status_code)))
        return _Answer(path, body)
