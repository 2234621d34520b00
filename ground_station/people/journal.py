"""Audit rows about people: who came in, was refused, was locked out, looked, or was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ground_station.store import audit
from ground_station.store.engine import Store
from patrol.cause import Cause, Role

_DOOR = "door"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Appends to the station's one audit chain."""

    store: Store
    world_utc: Callable[[], datetime]
    is_exercise: bool

    def row(
        self,
        connection: Connection,
        action: str,
        object_id: str,
        cause: Cause,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """A row in the transaction of what it tells."""
        audit.append(
            connection,
            action=action,
            object_id=object_id,
            body=body or {},
            cause=cause,
            time_utc=self.world_utc(),
            is_exercise=self.is_exercise,
        )

    async def note(
        self, action: str, object_id: str, cause: Cause, body: Mapping[str, Any] | None = None
    ) -> None:
        """A row by itself."""
        await self.store.write(lambda c: self.row(c, action, object_id, cause, body))


def by_person(name: str, request_id: str = "", *, is_automatic: bool = False) -> Cause:
    """Somebody who signs in or looks: under no role."""
    return Cause(actor=name, role=Role.NONE, request_id=request_id, is_automatic=is_automatic)


def by_door(request_id: str = "") -> Cause:
    """Somebody whom the door does not know; what was typed is not kept: it may be a password."""
    return Cause(actor=_DOOR, role=Role.SYSTEM, request_id=request_id, is_automatic=True)
