"""The radio link between the simulated aircraft and the world: it can lose, delay and damage."""

from __future__ import annotations

import heapq
import random

from sim.faults import Fault, Faults

_BITS_TURNED_MAX = 4
_LATE_S = (0.03, 0.15)  # wall; a datagram that is overtaken


class LossyLink:
    """One direction. Without a fault everything passes at once and in order."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._chance = random.Random(seed)  # noqa: S311  # the same bad luck again
        self._waiting: list[tuple[float, int, bytes]] = []
        self._number = 0
        self.lost_count = 0

    def put(self, data: bytes, now_s: float) -> None:
        """Take a datagram at a wall moment."""
        if Fault.SILENT in self._faults or self._hits(Fault.PACKET_LOSS):
            self.lost_count += 1
            return
        if data and self._hits(Fault.CORRUPTION):
            data = self._damaged(data)
        for _ in range(2 if self._hits(Fault.DUPLICATION) else 1):
            due_s = now_s + self._faults.value(Fault.DELAY) / 1000.0
            if self._hits(Fault.REORDERING):
                due_s += self._chance.uniform(*_LATE_S)
            self._number += 1
            heapq.heappush(self._waiting, (due_s, self._number, data))

    def due(self, now_s: float) -> list[bytes]:
        """What comes out by that wall moment, in the order of coming."""
        arrived = []
        while self._waiting and self._waiting[0][0] <= now_s:
            arrived.append(heapq.heappop(self._waiting)[2])
        return arrived

    def _hits(self, fault: Fault) -> bool:
        share_pct = self._faults.value(fault)
        return share_pct > 0.0 and self._chance.uniform(0.0, 100.0) < share_pct

    def _damaged(self, data: bytes) -> bytes:
        torn = bytearray(data)
        for _ in range(self._chance.randint(1, _BITS_TURNED_MAX)):
            torn[self._chance.randrange(len(torn))] ^= 1 << self._chance.randrange(8)
        return bytes(torn)
