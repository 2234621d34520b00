"""The in-process bus. It carries facts, typed by their class; commands are plain awaited calls."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class Subscription(Generic[T]):
    """Facts of the asked classes in order. A full queue drops its oldest and counts it."""

    def __init__(
        self, kinds: tuple[type[T], ...], limit: int, where: Callable[[T], bool] | None = None
    ) -> None:
        self.kinds = kinds
        self._where = where
        self.dropped_count = 0
        self._facts: deque[T] = deque()
        self._limit = limit
        self._arrived = anyio.Event()

    def offer(self, fact: T) -> None:
        """Take a fact without waiting, if it is one that was asked for."""
        if self._where is not None and not self._where(fact):
            return
        if len(self._facts) >= self._limit:
            self._facts.popleft()
            self.dropped_count += 1
        self._facts.append(fact)
        self._arrived.set()

    async def get(self) -> T:
        """The next fact, waiting for it."""
        while not self._facts:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._facts.popleft()

    def take_all(self) -> list[T]:
        """Everything that has arrived and was not taken yet; never waits."""
        facts = list(self._facts)
        self._facts.clear()
        return facts

    async def __aiter__(self) -> AsyncIterator[T]:
        """Every fact until cancelled."""
        while True:
            yield await self.get()


class Bus:
    """Publish to whoever asked for that class (or a parent of it)."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[object]] = []

    def publish(self, fact: object) -> None:
        """Hand the fact to every subscriber at once; never waits."""
        for subscription in tuple(self._subscriptions):
            if isinstance(fact, subscription.kinds):
                subscription.offer(fact)

    @contextmanager
    def subscribe(
        self, *kinds: type[T], limit: int = 1024, where: Callable[[T], bool] | None = None
    ) -> Iterator[Subscription[T]]:
        """Facts of these classes from now on; `limit=1` keeps the newest only.

        With `where` only those for which it is true: others take no room in the queue.
        """
        subscription: Subscription[T] = Subscription(kinds, limit, where)
        self._subscriptions.append(subscription)  # type: ignore[arg-type]  # invariance only
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)  # type: ignore[arg-type]
