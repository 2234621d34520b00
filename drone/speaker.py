"""The loudspeaker as the station reaches it: the payload agent over HTTP."""

from __future__ import annotations

import contextlib
import json
import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import httpx

from drone.clips import Clip
from drone.server_events import ServerEvent, read_events
from patrol.clock import parse_utc, utc_text
from patrol.errors import CommandDenied, ConfigError, SpeakerUnreachable

_ASK_WITHIN_S = 5.0  # wall
_TRIES = 3  # of a request that may be sent twice
_AGAIN_S = 0.2  # wall
_EXPIRES_S = 10.0  # by the agent's own clock: words that come later are not wanted any more
_SILENCE_S = 10.0  # wall; the agent gives a sign of life every 2 s
_LONGEST_PLAY_S = 600.0  # wall; an exercise may run slower than the wall
_T = TypeVar("_T")


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


class HttpSpeaker:
    """The payload agent at an address."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        tls: ssl.SSLContext | None = None,
        silence_s: float = _SILENCE_S,
        again_s: float = _AGAIN_S,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=min(_ASK_WITHIN_S, silence_s),
            trust_env=False,
            verify=tls or url.startswith("https:"),  # reading all authorities takes 0.1 s
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        self._silence_s = silence_s
        self._again_s = again_s
        self._keys: set[str] = set()  # of the orders that are under way

    async def play(
        self, clip: Clip, announcement_id: str, *, volume_pct: float = 100.0, repeat: int = 1
    ) -> Played:
        """Send the clip unless it is there, start it, and hear its end from the agent."""
        order = {
            "sha256": clip.sha256, "announcement_id": announcement_id,
            "volume_pct": volume_pct, "repeat": repeat,
        }  # fmt: skip
        key = uuid.uuid4().hex
        self._keys.add(key)
        try:
            return await self._hear_end(await self._start(clip, order, key))
        except anyio.get_cancelled_exc_class():
            # Nobody waits for these words any more. Without a link they end with their clip.
            with (
                anyio.move_on_after(_ASK_WITHIN_S, shield=True),
                contextlib.suppress(SpeakerUnreachable),
            ):
                await self.stop()
            raise
        finally:
            self._keys.discard(key)

    async def stop(self) -> None:
        """Silence at once."""
        # Named by its key, an order that is still on its way is refused when it comes.
        keys = sorted(self._keys)
        await self._again(lambda: self._ask("POST", "/stop", json={"keys": keys}))

    async def health(self) -> SpeakerHealth:
        """What the agent says of itself."""
        body = await self._ask("GET", "/health")
        with _whole("/health"):
            return SpeakerHealth(
                state=body["state"], spl_1m_dba=float(body["spl_1m_dba"]), output=body["output"]
            )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _start(self, clip: Clip, order: dict[str, Any], key: str) -> _Ear:
        await self._again(lambda: self._put(clip))
        health = await self._again(lambda: self._ask("GET", "/health"))
        with _whole("/health"):
            expires_utc = parse_utc(health["time_utc"]) + timedelta(seconds=_EXPIRES_S)
        order = order | {"expires_utc": utc_text(expires_utc)}
        # A lost answer is asked for again under the same key: it never plays twice.
        headers = {"Idempotency-Key": key}
        try:
            play = await self._again(
                lambda: self._ask("POST", "/plays", json=order, headers=headers)
            )
        except SpeakerUnreachable as error:
            raise SpeakerUnreachable(f"{error}; whether it played is not known") from error
        with _whole("/plays"):
            return _Ear(play_id=play["play_id"], boot_id=play["boot_id"], after=play["after"])

    async def _put(self, clip: Clip) -> None:
        path = f"/clips/{clip.sha256}"
        if (await self._send("HEAD", path)).status_code == httpx.codes.OK:
            return
        headers = {"Content-Type": clip.media_type}
        kept = await self._ask("PUT", path, content=clip.sound, headers=headers)
        with _whole(path):
            if kept["sha256"] != clip.sha256:
                raise CommandDenied("play", "the loudspeaker got another clip than was sent")

    async def _hear_end(self, ear: _Ear) -> Played:
        try:
            with anyio.fail_after(_LONGEST_PLAY_S):
                return await self._listen(ear)
        except TimeoutError:
            await self.stop()
            raise CommandDenied("play", f"not over after {_LONGEST_PLAY_S:.0f} s") from None

    async def _listen(self, ear: _Ear) -> Played:
        """Listen to the agent's events, over as many connections as it takes."""
        heard_s, why = anyio.current_time(), "silence"
        while anyio.current_time() - heard_s < self._silence_s:
            try:
                async with self._http.stream(
                    "GET", "/events", params={"after": ear.after}, timeout=self._silence_s / 2
                ) as answer:
                    if answer.is_error:
                        raise CommandDenied("loudspeaker /events", str(answer.status_code))
                    async for event in read_events(answer.aiter_lines()):
                        heard_s = anyio.current_time()
                        if played := ear.hear(event):
                            return played
            except httpx.HTTPError as error:
                why = repr(error)
            await anyio.sleep(self._again_s)
        raise SpeakerUnreachable(
            f"the loudspeaker was lost while it played ({why}); whether it finished is not known"
        )

    async def _again(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask up to three times; only for what may arrive twice."""
        for _ in range(_TRIES - 1):
            try:
                return await ask()
            except SpeakerUnreachable:
                await anyio.sleep(self._again_s)
        return await ask()

    async def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401
        answer = await self._send(method, path, **content)
        with _whole(path):
            body: dict[str, Any] = answer.json()
            if answer.is_error:
                raise CommandDenied(f"loudspeaker {path}", str(body["error"]))
            if not isinstance(body, dict):
                raise TypeError("not a JSON object")
        return body

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return await self._http.request(method, path, **content)
        except httpx.HTTPError as error:
            raise SpeakerUnreachable(f"the loudspeaker does not answer: {error!r}") from error


@dataclass(slots=True, kw_only=True)
class _Ear:
    """What is listened for: the end of one play, and where to go on after a break."""

    play_id: str
    boot_id: str
    after: int

    def hear(self, event: ServerEvent) -> Played | None:
        """The end, once it is there; CommandDenied when it is no good one."""
        if event.name not in ("hello", "play"):
            return None
        with _whole("/events"):
            body = json.loads(event.data)
            if event.name == "hello":
                if body["boot_id"] != self.boot_id:
                    raise CommandDenied("play", "the payload agent started anew while it played")
                return None
            self.after, play = int(body["number"]), body["play"]
            if play["play_id"] != self.play_id:
                return None
            if play["state"] == "failed":
                raise CommandDenied("play", str(play["reason"]))
            return Played(sha256=play["sha256"]) if play["state"] == "finished" else None


@contextlib.contextmanager
def _whole(path: str) -> Iterator[None]:
    """A reply that is cut off, or is some other program's, is no answer of a loudspeaker."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise SpeakerUnreachable(
            f"{path} is answered in half, or by something that is no payload agent: {error!r}"
        ) from error


def tls_trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts this authority (or the agent's own certificate) alone; None without one."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"not a certificate file: {ca_file} ({error})") from error
