"""The loudspeaker as the station reaches it: the payload agent over HTTP."""

from __future__ import annotations

import contextlib
import json
import ssl
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import httpx

from drone.clips import Clip
from drone.live_sender import send_voice
from drone.server_events import ServerEvent, lines_of, read_events
from drone.speaker_replies import (
    WORDS_MAX,
    Ear,
    bounded,
    end_of,
    health_of,
    whole,
)
from drone.speaker_replies import Played as Played
from drone.speaker_replies import SpeakerHealth as SpeakerHealth
from patrol.clock import parse_utc, utc_text
from patrol.errors import CommandDenied, ConfigError, SpeakerUnreachable
from patrol.groups import one_error

_ASK_WITHIN_S = 5.0  # wall; for a whole answer, however it drips
_SEND_WITHIN_S = 60.0  # wall; a clip over a slow radio
_TRIES = 3  # of a request that may be sent twice
_AGAIN_S = 0.2  # wall
_EXPIRES_S = 10.0  # by the agent's own clock: words that come later are not wanted any more
_SILENCE_S = 10.0  # wall; the agent gives a sign of life every 2 s
_LONGEST_PLAY_S = 600.0  # wall; an exercise may run slower than the wall
_T = TypeVar("_T")


class Speaker(Protocol):
    """Plays a released clip. SpeakerUnreachable when it does not answer."""

    async def play(
        self, clip: Clip, announcement_id: str, *, volume_pct: float = 100.0, repeat: int = 1
    ) -> Played:
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
            # Reading all authorities takes 0.1 s: not where nothing is verified.
            verify=tls or not url.lower().startswith("http:"),
            headers={"Accept-Encoding": "identity"}  # a small answer must not unpack to a large one
            | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        self._silence_s = silence_s
        self._ask_within_s = min(_ASK_WITHIN_S, silence_s)
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

        async def carry_out(key: str) -> Played:
            await self._again(lambda: self._put(clip))
            return await self._hear_end(await self._order("/plays", order, key))

        return await self._to_the_end(carry_out)

    async def play_live(
        self, chunks: AsyncIterator[bytes], announcement_id: str, *, volume_pct: float = 100.0
    ) -> Played:
        """A voice as it is spoken, in the chunks of live_voice.py; its hash at the end."""
        order = {"announcement_id": announcement_id, "volume_pct": volume_pct}

        async def carry_out(key: str) -> Played:
            ear = await self._order("/live", order, key)
            with one_error():
                async with anyio.create_task_group() as group:
                    group.start_soon(
                        partial(send_voice, again_s=self._again_s), self._send_chunk, ear.play_id,
                        chunks,
                    )  # fmt: skip
                    played = await self._hear_end(ear)
                    group.cancel_scope.cancel()
            return played

        return await self._to_the_end(carry_out)

    async def _to_the_end(self, carry_out: Callable[[str], Awaitable[Played]]) -> Played:
        key = uuid.uuid4().hex
        self._keys.add(key)
        try:
            return await carry_out(key)
        except anyio.get_cancelled_exc_class():
            # Nobody waits for these words any more. Without a link they end with their clip.
            with (
                anyio.move_on_after(_ASK_WITHIN_S, shield=True),
                contextlib.suppress(SpeakerUnreachable, CommandDenied),
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
        with whole("/health"):
            return health_of(body)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _order(self, path: str, order: dict[str, Any], key: str) -> Ear:
        health = await self._again(lambda: self._ask("GET", "/health"))
        with whole("/health"):
            # By the agent's clock and for this run of it: whatever is late, or comes once more
            # after the agent has started anew, is not played.
            expires_utc = parse_utc(health["time_utc"]) + timedelta(seconds=_EXPIRES_S)
            order = order | {
                "expires_utc": utc_text(expires_utc), "boot_id": str(health["boot_id"])
            }  # fmt: skip
        # A lost answer is asked for again under the same key: it never plays twice.
        headers = {"Idempotency-Key": key}
        try:
            play = await self._again(lambda: self._ask("POST", path, json=order, headers=headers))
        except SpeakerUnreachable as error:
            raise SpeakerUnreachable(
                f"{error}; whether it played is not known",
                text_zh=f"{error.text_zh}，是否已播放未知",
            ) from error
        with whole(path):
            return Ear(
                play_id=play["play_id"], boot_id=play["boot_id"], after=int(play["after"]),
                played=end_of(play),
            )  # fmt: skip

    async def _put(self, clip: Clip) -> None:
        path = f"/clips/{clip.sha256}"
        status, _ = await self._send("HEAD", path)
        if status == httpx.codes.OK:
            return
        headers = {"Content-Type": clip.media_type}
        kept = await self._ask(
            "PUT", path, within_s=_SEND_WITHIN_S, content=clip.sound, headers=headers
        )
        with whole(path):
            if kept["sha256"] != clip.sha256:
                raise CommandDenied(
                    "play",
                    "the loudspeaker got another clip than was sent",
                    "喊话器收到的声音与所发送的不同",
                )

    async def _send_chunk(self, method: str, path: str, chunk: bytes) -> tuple[int, bytes]:
        return await self._again(lambda: self._send(method, path, content=chunk))

    async def _hear_end(self, ear: Ear) -> Played:
        try:
            with anyio.fail_after(_LONGEST_PLAY_S):
                return await self._listen(ear)
        except TimeoutError:
            await self.stop()
            raise CommandDenied(
                "play",
                f"not over after {_LONGEST_PLAY_S:.0f} s",
                f"{_LONGEST_PLAY_S:.0f}秒内未播完",
            ) from None

    async def _listen(self, ear: Ear) -> Played:
        """Listen to the agent's events, over as many connections as it takes."""
        heard_s, why = anyio.current_time(), "silence"
        while ear.played is None and anyio.current_time() - heard_s < self._silence_s:
            # Bytes that drip and never make an event are silence too.
            with anyio.CancelScope(deadline=heard_s + self._silence_s) as silence:
                try:
                    async with contextlib.aclosing(self._events(ear.after)) as events:
                        async for event in events:
                            heard_s = anyio.current_time()
                            silence.deadline = heard_s + self._silence_s
                            if ear.hear(event):
                                break
                except httpx.HTTPError as error:
                    why = repr(error)
                if ear.played is None:
                    await anyio.sleep(self._again_s)
        if ear.played is not None:
            return ear.played
        raise SpeakerUnreachable(
            f"the loudspeaker was lost while it played ({why}); whether it finished is not known",
            text_zh=f"播放中与喊话器失去联系（{why}），是否播完未知",
        )

    async def _events(self, after: int) -> AsyncGenerator[ServerEvent, None]:
        async with self._http.stream(
            "GET", "/events", params={"after": after}, timeout=self._silence_s / 2
        ) as answer:
            if answer.is_client_error:
                raise CommandDenied(
                    "loudspeaker /events", str(answer.status_code), f"状态码{answer.status_code}"
                )
            answer.raise_for_status()
            with whole("/events"):
                async for event in read_events(lines_of(answer.aiter_raw())):
                    yield event

    async def _again(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask up to three times; only for what may arrive twice."""
        for _ in range(_TRIES - 1):
            try:
                return await ask()
            except SpeakerUnreachable:
                await anyio.sleep(self._again_s)
        return await ask()

    async def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401
        status, raw = await self._send(method, path, **content)
        with whole(path):
            body: dict[str, Any] = json.loads(raw)
            if status >= httpx.codes.BAD_REQUEST:
                said = str(body["error"])[:WORDS_MAX]
                raise CommandDenied(f"loudspeaker {path}", said, f"喊话器拒绝：{said}")
            if not isinstance(body, dict):
                raise TypeError("not a JSON object")
        return body

    async def _send(
        self,
        method: str,
        path: str,
        *,
        within_s: float | None = None,
        **content: Any,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Status and body, both whole; neither time nor memory is the other side's to spend."""
        try:
            with anyio.fail_after(within_s or self._ask_within_s):
                async with self._http.stream(method, path, **content) as answer:
                    return answer.status_code, await bounded(path, answer)
        except TimeoutError as error:
            raise SpeakerUnreachable(
                "the loudspeaker does not answer in time", text_zh="喊话器未在时限内答复"
            ) from error
        except httpx.HTTPError as error:
            raise SpeakerUnreachable(
                f"the loudspeaker does not answer: {error!r}", text_zh=f"喊话器无答复：{error!r}"
            ) from error


def tls_trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts this authority (or the agent's own certificate) alone; None without one."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"not a certificate file: {ca_file} ({error})") from error
