"""Who is sent what an aircraft says: one it was told of, and those who have spoken lately."""

from __future__ import annotations

Address = tuple[str, int]

_PEERS_MAX = 4
_PEER_SILENT_S = 30.0  # wall


class Hearers:
    """As PX4: `first` is told everything unasked, others once they have spoken."""

    def __init__(self, first: Address | None) -> None:
        self._first = first
        self._heard_s: dict[Address, float] = {}

    def hear(self, peer: Address, now_s: float) -> None:
        """Somebody has spoken; whoever is new makes room of those who have been silent longest."""
        is_new = peer not in self._heard_s
        self._heard_s[peer] = now_s
        if not is_new:
            return
        by_silence = sorted(self._heard_s, key=self._heard_s.__getitem__)
        for number, one in enumerate(by_silence):
            is_gone = now_s - self._heard_s[one] > _PEER_SILENT_S
            if is_gone or len(by_silence) - number > _PEERS_MAX:
                del self._heard_s[one]

    def all(self) -> list[Address]:
        """Their addresses."""
        first = [] if self._first is None else [self._first]
        return first + [peer for peer in self._heard_s if peer != self._first]
