"""How often one address may try to come in, and a login that does not exist; kept in memory."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ground_station.people.errors import TooMany

_WINDOW_S = 60.0
_ADDRESSES_KEPT = 4096
_STRANGERS_KEPT = 4096


@dataclass(slots=True)
class _Address:
    """What one address has done: when it was let through, and whether it was told no since."""

    let_through_s: deque[float] = field(default_factory=deque)
    is_told: bool = False


class RateLimit:
    """Counts tries by address, those that were let through; `now_s` is monotonic seconds."""

    def __init__(self, tries_per_minute: int, now_s: Callable[[], float]) -> None:
        self._most = tries_per_minute
        self._now_s = now_s
        self._tries: OrderedDict[str, _Address] = OrderedDict()

    def take(self, address: str) -> bool:
        """Count a try. False for the first that is too many, TooMany for those after it."""
        now_s = self._now_s()
        one = self._tries.setdefault(address, _Address())
        self._tries.move_to_end(address)
        while len(self._tries) > _ADDRESSES_KEPT:
            self._tries.popitem(last=False)
        while one.let_through_s and now_s - one.let_through_s[0] >= _WINDOW_S:
            one.let_through_s.popleft()
        if len(one.let_through_s) < self._most:
            one.let_through_s.append(now_s)
            one.is_told = False
            return True
        if one.is_told:
            raise self.refusal(address)
        one.is_told = True
        return False

    def refusal(self, address: str) -> TooMany:
        """What the one at this address is told."""
        one = self._tries.get(address)
        tries = one.let_through_s if one is not None else None
        wait_s = _WINDOW_S - (self._now_s() - tries[0]) if tries else _WINDOW_S
        seconds = max(1, math.ceil(wait_s))
        return TooMany(
            f"too many tries from this device: wait {seconds} s",
            f"本设备尝试次数过多：请等待{seconds}秒",
            retry_after_s=seconds,
        )


class Strangers:
    """Logins that do not exist, locked as those that do: so nobody can ask who there is."""

    def __init__(self, tries: int, lasts: timedelta) -> None:
        self._tries, self._lasts = tries, lasts
        self._known: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def locked_until(self, login: str, now: datetime) -> datetime | None:
        """Count a try; until when the login is locked, None while it is not."""
        failed, until = self._known.pop(login, (0, None))
        if until is None or until <= now:
            failed += 1
            until = now + self._lasts if failed >= self._tries else None
            failed %= self._tries
        self._known[login] = (failed, until)
        while len(self._known) > _STRANGERS_KEPT:
            self._known.popitem(last=False)
        return until
