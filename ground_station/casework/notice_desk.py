"""Learns from closed cases (举一反三): drafts, has another read, hands out the words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ground_station.casework import notices
from ground_station.casework.case import Case
from ground_station.casework.desk import CaseworkDesk
from ground_station.casework.notices import (
    SIMILAR_WITHIN,
    Notice,
    NoticeAudience,
    NoticeEvent,
)
from ground_station.casework.parts import CaseworkParts
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Scopes
from patrol.cause import Cause


class NoticeDesk:
    """Every verb records first; publishing means handing the words to a person."""

    def __init__(self, parts: CaseworkParts, desk: CaseworkDesk) -> None:
        self._parts, self._desk = parts, desk

    async def similar(
        self, case_no: str, ask: Ask,
        *, scopes: Scopes = WHOLE_DISTRICT, departments: Sequence[str] = (),
    ) -> tuple[list[Case], str]:  # fmt: skip
        """Closed cases of the same kind in the week before this one, itself among them.

        A page of them, oldest first, and the next cursor.
        """
        case = await self._desk.find(case_no)
        return await self._parts.files.closed_alike(
            case, SIMILAR_WITHIN, ask, scopes=scopes, departments=departments
        )

    async def draft(
        self, case_nos: Sequence[str], audience: NoticeAudience, cause: Cause
    ) -> Notice:
        """A draft that cites these cases."""
        parts, now = self._parts, self._parts.world.now_utc()
        cases = [await self._desk.find(case_no) for case_no in dict.fromkeys(case_nos)]
        notice = notices.draft(
            cases,
            notice_id=await parts.files.next_id(Notice, now),
            audience=audience,
            items=parts.items,
            cause=cause,
            at_utc=now,
        )
        await parts.files.save(notice, action="notice.drafted", cause=cause, at_utc=now)
        parts.tell("notice.drafted", notice.grid_code, {"notice": notice.notice_id})
        return notice

    async def move(
        self,
        notice_id: str,
        event: NoticeEvent,
        cause: Cause,
        *,
        reason: str = "",
        texts: tuple[str, str] = ("", ""),
    ) -> Notice:
        """Edit (`texts` are zh and en), review, publish or withdraw."""
        parts = self._parts
        async with parts.changing:
            now = parts.world.now_utc()
            kept = await parts.files.get(Notice, notice_id)
            moved = notices.advance(
                kept, event, cause, now, reason=reason, text_zh=texts[0], text_en=texts[1]
            )
            action = f"notice.{event.value}"
            await parts.files.save(moved, action=action, cause=cause, at_utc=now)
        parts.tell(action, moved.grid_code, {"notice": notice_id, "by": cause.actor})
        return moved

    async def hand_out(self, notice_id: str, language: str, purpose: str, cause: Cause) -> bytes:
        """Its words as UTF-8, to be pasted by a person; written down before it leaves."""
        parts = self._parts
        async with parts.changing:
            notice = await parts.files.get(Notice, notice_id)
            content = (notices.words_to_hand_out(notice, language) + "\n").encode("utf-8")
            body = {
                "file": "txt", "audience": notice.audience.value.lower(), "language": language,
                "purpose": purpose, "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }  # fmt: skip
            await parts.records.note(
                "export", notice_id, body, cause=cause, at_utc=parts.world.now_utc(),
                is_exercise=notice.is_exercise, scope=notice.grid_code or "",
            )  # fmt: skip
        return content
