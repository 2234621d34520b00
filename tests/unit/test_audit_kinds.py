"""Audit rows of a kind are the same rows, whether they are rare or common."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from ground_station.store import audit, queries, tables
from ground_station.store.pages import Ask
from ground_station.store.queries import AuditFilter, audit_log
from tests.ground_core import LEADER, MORNING

KINDS = ["case.filed", "case.void", "export", "hold.placed", "retention.approved", "views"]


def with_rows(actions: list[str]) -> Connection:
    connection = create_engine("sqlite://", poolclass=StaticPool).connect()
    tables.metadata.create_all(connection, tables=[tables.audit])
    for number, action in enumerate(actions):
        audit.append(
            connection, action=action, object_id=f"o-{number}", body={}, cause=LEADER,
            time_utc=MORNING, is_exercise=True,
        )  # fmt: skip
    return connection


@pytest.mark.parametrize("common", [1, 3, 1000])
@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=12), st.sampled_from(["case.", "ex", "x", "h"]))
def test_a_kind_is_found_whole_and_newest_first(
    common: int, actions: list[str], prefix: str
) -> None:
    wanted = [n for n, action in enumerate(actions, 1) if action.startswith(prefix)][::-1]
    with pytest.MonkeyPatch.context() as patch, with_rows(actions) as connection:
        patch.setattr(queries, "_COMMON", common)
        found, cursor, is_more = [], "", True
        while is_more:
            page = audit_log(
                connection, AuditFilter(action=prefix), Ask(cursor=cursor, limit=2),
                is_newest_first=True,
            )  # fmt: skip
            found += [row["seq"] for row in page.items]
            cursor, is_more = page.next_cursor, bool(page.next_cursor)
    assert found == wanted
