"""Exercise and live are two spaces (R5): a data folder belongs to one of them for good."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from ground_station.store import tables
from patrol.errors import ConfigError

_NAME = "space"
_LIVE, _EXERCISE = "live", "exercise"


def is_exercise_space(connection: Connection) -> bool | None:
    """What the folder was first used for; None while it was used for nothing."""
    kept = connection.execute(
        select(tables.meta.c.value).where(tables.meta.c.name == _NAME)
    ).scalar_one_or_none()
    if kept is not None:
        return bool(kept == _EXERCISE)
    first = connection.execute(
        select(tables.audit.c.is_exercise).order_by(tables.audit.c.seq).limit(1)
    ).scalar_one_or_none()
    return None if first is None else bool(first)


def require_space(connection: Connection, *, is_exercise: bool) -> None:
    """ConfigError when the folder belongs to the other space."""
    present = is_exercise_space(connection)
    if present is not None and present != is_exercise:
        raise ConfigError(
            f"this data folder is {_word(present)}: it cannot be used for "
            f"{'an exercise' if is_exercise else 'live patrols'}; name another folder"
        )


def bind_space(connection: Connection, *, is_exercise: bool) -> None:
    """Say what the folder is for, in the transaction of its first person."""
    require_space(connection, is_exercise=is_exercise)
    kept = connection.execute(
        select(tables.meta.c.value).where(tables.meta.c.name == _NAME)
    ).scalar_one_or_none()
    if kept is None:
        value = _EXERCISE if is_exercise else _LIVE
        connection.execute(insert(tables.meta).values(name=_NAME, value=value))


def _word(is_exercise: bool) -> str:
    return "an exercise's" if is_exercise else "a live station's"
