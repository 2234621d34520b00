"""Server-sent events, as much of them as the payload agent sends (WHATWG HTML, chapter 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event; `name` is empty for a mere sign of life."""

    name: str
    data: str


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """Each whole event and each comment. What the connection cut off is dropped: it comes again."""
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
        else:
            if data:
                yield ServerEvent(name=name, data="\n".join(data))
            name, data = "message", []
