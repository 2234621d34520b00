"""What the loudspeaker is asked to play, read from a request, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patrol.clock import parse_utc

_REPEAT_MAX = 5
_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOrder:
    """What was asked for; the same key with the same order is one play, however often it comes."""

    key: str
    sha256: str  # empty for a live voice
    announcement_id: str
    expires_utc: datetime  # by the agent's own clock
    volume_pct: float
    repeat: int
    boot_id: str = ""  # the run of the agent that it is meant for; empty: any


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """An order on its way through the loudspeaker."""

    play_id: str
    order: PlayOrder
    state: str  # accepted, started, finished or failed
    after: int  # the number of the last event before its first
    heard_count: int = 0  # how many of its repeats the device played to their end
    live_sha256: str = ""  # of a live voice, as far as it came
    live_s: float | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        order = self.order
        return {
            "play_id": self.play_id, "announcement_id": order.announcement_id,
            "sha256": order.sha256 or self.live_sha256, "volume_pct": order.volume_pct,
            "repeat": order.repeat,
            "state": self.state, "heard_count": self.heard_count, "live_s": self.live_s,
            "reason": self.reason,
        }  # fmt: skip


class OrderRefused(ValueError):
    """This request is not carried out; the status is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_order(key: str, body: object) -> PlayOrder:
    """An order from a request; OrderRefused names what is wrong."""
    if not _is_name(key):
        raise OrderRefused(400, "wants a header Idempotency-Key of plain characters")
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
            boot_id=str(body.get("boot_id", "")),
        )
    except KeyError as error:
        raise OrderRefused(400, f"wants {error}") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise OrderRefused(400, f"not an order: {error}") from error
    if not _is_name(order.announcement_id):
        # It is told to every listener: half a character would break their streams.
        raise OrderRefused(400, f"announcement_id has 1 to {_CHARACTERS_MAX} plain characters")
    if not 1.0 <= order.volume_pct <= 100.0:
        raise OrderRefused(400, "volume_pct is 1 to 100")
    if not 1 <= order.repeat <= _REPEAT_MAX:
        raise OrderRefused(400, f"repeat is 1 to {_REPEAT_MAX}")
    return order


def _is_name(text: str) -> bool:
    is_plain = text.isascii() and text.isprintable()
    return is_plain and bool(text.strip()) and len(text) <= _CHARACTERS_MAX
