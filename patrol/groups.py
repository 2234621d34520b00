"""Task groups raise groups of errors; a person wants the one that matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from patrol.errors import PatrolError


@contextmanager
def one_error() -> Iterator[None]:
    """Raise a PatrolError out of an exception group by itself when nothing graver came with it."""
    try:
        yield
    except BaseExceptionGroup as group:
        leaves = list(_leaves(group))
        ours = [leaf for leaf in leaves if isinstance(leaf, PatrolError)]
        if ours and len(ours) == len(leaves):
            raise ours[0] from group
        raise


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
