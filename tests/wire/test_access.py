"""The register of access: each look, export, sign-in and refusal is a row with its cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground_station.store.access import AccessRegister, Purpose, Seen
from ground_station.store.chain import verify
from ground_station.store.queries import AuditFilter, audit_log
from ground_station.store.records import Records
from patrol.errors import Refused
from tests.ground_core import GRID, OPERATOR, REGISTRAR, later, running_store

pytestmark = pytest.mark.anyio


async def test_who_saw_what_and_why_is_found_again_within_a_scope(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        register = AccessRegister(Records(store), is_exercise=True)
        seen = Seen(
            object_id="still/A-1", purpose=Purpose.CASE, reason=" to see the crowd ", scope=GRID,
            fields={"sha256": "ab"},
        )  # fmt: skip
        await register.signed_in(OPERATOR, later(0), session_id="s-1", where="laptop")
        await register.viewed(seen, cause=OPERATOR, at_utc=later(1))
        await register.exported(seen, cause=REGISTRAR, at_utc=later(2))
        await register.turned_away(
            "HJ20261124X001000017", why="another scope", cause=OPERATOR, at_utc=later(3),
            scope="440512002",
        )  # fmt: skip
        await register.signed_out(OPERATOR, later(4), session_id="s-1", why="ran out")
        with pytest.raises(Refused, match="keeps the reason"):
            await register.viewed(
                Seen(object_id="x", purpose=Purpose.LAW, reason=" "),
                cause=OPERATOR, at_utc=later(5),
            )  # fmt: skip
        rows = (await store.read(audit_log)).items
        assert [row["action"] for row in rows] == [
            "sign_in", "view", "export", "access.denied", "sign_out",
        ]  # fmt: skip
        assert rows[1]["body"] == {
            "purpose": "case", "reason": "to see the crowd", "sha256": "ab", "@scope": GRID,
        }  # fmt: skip
        assert {row["actor"] for row in rows} == {"Wu", "Chen"}

        async def found(wanted: AuditFilter) -> list[str]:
            page = await store.read(lambda c: audit_log(c, wanted))
            return [row["action"] for row in page.items]

        assert await found(AuditFilter(scopes=(GRID[:9],))) == ["view", "export"]
        assert await found(AuditFilter(scopes=("440512002",))) == ["access.denied"]
        assert await found(AuditFilter(actor="Wu", action="sign_")) == ["sign_in", "sign_out"]
        assert await found(AuditFilter(actions=("view", "export"))) == ["view", "export"]
        assert await found(AuditFilter(scopes=())) == []
        assert verify(store.path).is_intact
