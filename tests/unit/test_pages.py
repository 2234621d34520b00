"""Pages by key: whatever is filed meanwhile, nothing is shown twice and nothing is skipped."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from ground_station.store import tables
from ground_station.store.pages import Ask, Page, in_scope, page_of
from patrol.errors import Refused

TIMES = st.integers(0, 9).map(lambda n: f"2026-11-24T01:30:0{n}.000Z")
ROWS = st.lists(TIMES, max_size=25)


def with_rows(times: list[str]) -> Connection:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    connection = engine.connect()
    tables.metadata.create_all(connection)
    add(connection, times, start=0)
    return connection


def add(connection: Connection, times: list[str], start: int) -> None:
    for number, time in enumerate(times, start):
        connection.execute(
            insert(tables.cases).values(
                id=f"C-{number:03d}", sortie="s", grid_code=f"44051200{number % 3}", state="FILED",
                t_utc=time, is_exercise=True, alert_id="", tier="SMALL", owner_unit="u",
                owner_person="p", due_utc=time, body_json="{}", is_open=True,
            )
        )  # fmt: skip


def page(connection: Connection, ask: Ask, *, is_descending: bool = False) -> Page:
    c = tables.cases.c
    return page_of(
        connection, select(c.due_utc, c.id), keys=(c.due_utc, c.id), ask=ask, show=dict,
        is_descending=is_descending,
    )  # fmt: skip


EMPTY = with_rows([])


@settings(max_examples=15, deadline=None)
@given(times=ROWS, later=ROWS, limit=st.integers(1, 9), is_descending=st.booleans())
def test_every_row_is_shown_once_in_order_though_others_arrive(
    times: list[str], later: list[str], limit: int, is_descending: bool
) -> None:
    connection = with_rows(times)
    shown: list[tuple[str, str]] = []
    ask = Ask(limit=limit)
    while True:
        found = page(connection, ask, is_descending=is_descending)
        shown += [(item["due_utc"], item["id"]) for item in found.items]
        assert len(found.items) <= limit
        if not found.next_cursor:
            break
        ask = Ask(cursor=found.next_cursor, limit=limit)
        add(connection, later, start=len(times))  # filed while somebody turns pages
        later = []
    connection.close()
    assert shown == sorted(set(shown), reverse=is_descending)
    wanted = {(time, f"C-{number:03d}") for number, time in enumerate(times)}
    assert wanted <= set(shown)


@settings(max_examples=60, deadline=None)
@given(cursor=st.one_of(st.text(max_size=30), st.binary(max_size=30).map(
    lambda raw: base64.urlsafe_b64encode(raw).decode())))  # fmt: skip
def test_what_is_no_cursor_is_refused_in_words(cursor: str) -> None:
    if cursor:
        with pytest.raises(Refused, match="no page of this list"):
            page(EMPTY, Ask(cursor=cursor))


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_bounds(limit: int) -> None:
    with pytest.raises(Refused, match="1 to 200 rows"):
        page(EMPTY, Ask(limit=limit))


def test_a_cursor_of_another_list_is_refused() -> None:
    for values in ('["2026"]', '["a","b","c"]', "[1,2]", '{"a":1}', "[true,false]", "null"):
        cursor = base64.urlsafe_b64encode(values.encode()).decode()
        with pytest.raises(Refused, match="no page of this list"):
            page(EMPTY, Ask(cursor=cursor))


@pytest.mark.parametrize(
    ("scopes", "count"),
    [(("",), 6), ((), 0), (("440512001",), 2), (("440512000", "440512002"), 4), (("44051",), 6)],
)
def test_a_scope_shows_its_own_grids_and_none_shows_nothing(
    scopes: tuple[str, ...], count: int
) -> None:
    connection = with_rows(["2026-11-24T01:30:00.000Z"] * 6)
    query = select(tables.cases.c.id).where(in_scope(tables.cases.c.grid_code, scopes))
    assert len(connection.execute(query).all()) == count
    connection.close()
