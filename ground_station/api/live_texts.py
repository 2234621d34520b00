"""What the live sockets send, written once for all who see the same."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from ground_station.live import Place
from ground_station.people.door import Caller
from ground_station.people.seen import Audience, Shown, audience_of, seen_message

_KEPT = 64  # readers are seldom further apart; a whole state is some 100 kB
_DIGITS_MAX = 15
_Key = tuple[Audience, str, int, int]


class LiveTexts:
    """Messages of the board as texts: filtered and serialised once for each audience."""

    def __init__(self, board: Shown) -> None:
        self._board = board
        self._kept: OrderedDict[_Key, str | None] = OrderedDict()
        self.written_count = 0

    def text(self, caller: Caller, message: Mapping[str, Any]) -> str | None:
        """The message as this caller sees it; None when nothing of it is theirs."""
        # Numbers tell two messages apart: who goes on behind `seq` gets what a text lacks.
        key = (audience_of(caller), message["type"], message.get("since", 0), message["seq"])
        if key in self._kept:
            return self._kept[key]
        seen = seen_message(caller, message, self._board)
        if seen is not None and "run" in seen:
            seen["run"] = f"{seen['run']}.{mark_of(caller)}"
        text = None if seen is None else json.dumps(seen, ensure_ascii=False, separators=(",", ":"))
        self.written_count += 1
        self._kept[key] = text
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return text


def mark_of(caller: Caller) -> str:
    """Short for their audience: who comes back and sees other things now begins anew."""
    return hashlib.sha256(repr(audience_of(caller)).encode()).hexdigest()[:12]


def place_of(query: Mapping[str, str], caller: Caller) -> Place | None:
    """How far a reader had come who comes back; None for one who has to begin anew."""
    run, _, mark = query.get("run", "").partition(".")
    seq = query.get("seq", "")
    is_number = seq.isascii() and seq.isdecimal() and len(seq) <= _DIGITS_MAX
    return Place(run=run, seq=int(seq)) if is_number and mark == mark_of(caller) else None
