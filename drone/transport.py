"""What a way to an aircraft is: it carries bytes and says from whom they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drone.mavlink_frames import Frame

UNSENT_BYTES = 1 << 16  # a peer that takes nothing loses what is newer

Address = tuple[str, int]
Heard = Callable[["Transport", Address, list[Frame]], None]


class Transport(Protocol):
    """One way in and out, perhaps to several aircraft."""

    @property
    def url(self) -> str:
        """As it was configured."""
        ...

    @property
    def everybody(self) -> Address | None:
        """Where a heartbeat may go before anybody was heard; None: nowhere."""
        ...

    async def open(self) -> None:
        """LinkLost in words when it cannot be had."""
        ...

    async def run(self) -> None:
        """Keep it up until it is closed; when this returns, what it held is free again."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...

    def send(self, data: bytes, address: Address) -> None:
        """Without waiting; what cannot go now is lost, as on the air."""
        ...
