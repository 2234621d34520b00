"""The register of access: who saw, took out, signed in or was turned away, and why.

One small book for every desk and route to write in. What was asked for is handed out only after
its row is on the disk. Commands, releases and automatic actions have their rows from the desks.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ground_station.store.audit import ChainHead
from ground_station.store.records import Records
from patrol.cause import Cause
from patrol.errors import Refused


class Purpose(enum.Enum):
    """What something is looked at or taken out for; a reason in words goes with it (DOMAIN P-7)."""

    SAFETY = "safety"  # of people there and then
    CASE = "case"
    REPORT = "report"
    TRAINING = "training"
    AUDIT = "audit"
    PERSON_ASKS = "person_asks"  # somebody asks for what is kept about themselves
    LAW = "law"  # a written demand by an authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked at or taken out; `scope` is its grid, "" for the whole district."""

    object_id: str
    purpose: Purpose
    reason: str
    scope: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)  # such as the hash of a file


class AccessRegister:
    """Rows about access, each with its cause. Refused without a reason where one is due."""

    def __init__(self, records: Records, *, is_exercise: bool) -> None:
        self._records = records
        self._is_exercise = is_exercise

    async def viewed(self, seen: Seen, *, cause: Cause, at_utc: datetime) -> ChainHead:
        """Somebody looks at a picture, a recording or a person's data."""
        return await self._seen("view", seen, cause, at_utc)

    async def exported(self, seen: Seen, *, cause: Cause, at_utc: datetime) -> ChainHead:
        """Something leaves the station as a file."""
        return await self._seen("export", seen, cause, at_utc)

    async def signed_in(
        self, cause: Cause, at_utc: datetime, *, session_id: str, where: str = ""
    ) -> ChainHead:
        """A person is now at work under a role; `where` is the device or address."""
        return await self._note("sign_in", session_id, {"where": where}, cause, at_utc)

    async def signed_out(
        self, cause: Cause, at_utc: datetime, *, session_id: str, why: str = "asked"
    ) -> ChainHead:
        """A session has ended: asked, ran out, or was ended by somebody."""
        return await self._note("sign_out", session_id, {"why": why}, cause, at_utc)

    async def turned_away(
        self, object_id: str, *, why: str, cause: Cause, at_utc: datetime, scope: str = ""
    ) -> ChainHead:
        """A wrong password, a locked account, another scope's id, a role that may not."""
        return await self._note("access.denied", object_id, {"why": why}, cause, at_utc, scope)

    async def _seen(self, action: str, seen: Seen, cause: Cause, at_utc: datetime) -> ChainHead:
        if not seen.reason.strip():
            raise Refused(
                f"say why {seen.object_id} is needed: the register keeps the reason",
                text_zh=f"请写明为何需要查看{seen.object_id}：理由将登记留存",
            )
        body = {"purpose": seen.purpose.value, "reason": seen.reason.strip(), **seen.fields}
        return await self._note(action, seen.object_id, body, cause, at_utc, seen.scope)

    async def _note(
        self, action: str, object_id: str, body: Mapping[str, Any], cause: Cause,
        at_utc: datetime, scope: str = "",
    ) -> ChainHead:  # fmt: skip
        return await self._records.note(
            action, object_id, body, cause=cause, at_utc=at_utc,
            is_exercise=self._is_exercise, scope=scope,
        )  # fmt: skip
