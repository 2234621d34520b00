"""Server-sent events, as much of them as the payload agent sends (WHATWG HTML, chapter 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

_EVENT_BYTES_MAX = 65_536  # the agent's have some hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event; `name` is empty for a mere sign of life."""

    name: str
    data: str


async def lines_of(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Each whole line; ValueError for one that does not end, which would fill the memory."""
    rest = b""
    async for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode(errors="replace")
        if len(rest) > _EVENT_BYTES_MAX:
            raise ValueError(f"a line of more than {_EVENT_BYTES_MAX} bytes")


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """Each whole event and each comment. What the connection cut off is dropped: it comes again.

    ValueError for an event that is too long.
    """
    name, data = "message", list[str]()
    async for line in lines:
        if line.startswith(":"):
            yield ServerEvent(name="", data="")
        elif line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
                if sum(map(len, data)) > _EVENT_BYTES_MAX:
                    raise ValueError(f"an event of more than {_EVENT_BYTES_MAX} characters")
        else:
            if data:
                yield ServerEvent(name=name, data="\n".join(data))
            name, data = "message", []
