"""Carries a live voice to the payload agent: each chunk once in its turn, however often sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import httpx

from patrol.errors import CommandDenied

_TOO_FAST, _ENDED = httpx.codes.TOO_MANY_REQUESTS, httpx.codes.CONFLICT

# Method, path and body to status and body; SpeakerUnreachable when there is no answer.
Send = Callable[[str, str, bytes], Awaitable[tuple[int, bytes]]]


async def send_voice(
    send: Send, play_id: str, chunks: AsyncIterator[bytes], *, again_s: float
) -> None:
    """Returns when the agent has it all, or has ended it: its events say why.

    CommandDenied when a chunk is none.
    """
    number = 0
    async for chunk in chunks:
        while (status := (await send("PUT", f"/live/{play_id}/{number}", chunk))[0]) == _TOO_FAST:
            await anyio.sleep(again_s)
        if status == _ENDED:
            return
        if status != httpx.codes.OK:
            raise CommandDenied(
                "live voice",
                f"chunk {number} was refused ({status})",
                f"第{number}段被拒绝（{status}）",
            )
        number += 1
    await send("POST", f"/live/{play_id}/{number}/end", b"")
