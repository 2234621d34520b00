"""The chain on its own: what was written verifies, and all tampering is named by its row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from ground_station.store import audit, tables
from ground_station.store.audit import GENESIS, ChainHead, append, row_hash
from ground_station.store.chain import verify
from ground_station.store.codec import canonical_json
from patrol.errors import ConfigError
from tests.ground_core import OPERATOR, later

ROWS = 6


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A database with six rows and no guards, as a tamperer would have it."""
    path = tmp_path / "gridpatrol.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        for number in range(1, ROWS + 1):
            append(
                connection, action="test", object_id=f"o-{number}", body={"数": number},
                cause=OPERATOR, time_utc=later(number), is_exercise=True,
            )  # fmt: skip
    engine.dispose()
    return path


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def rehash(path: Path, seq: int) -> None:
    """Give a changed row a hash that fits it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM audit WHERE seq = ?", (seq,)).fetchone())
        row["is_automatic"], row["is_exercise"] = (
            bool(row["is_automatic"]),
            bool(row["is_exercise"]),
        )
        connection.execute("UPDATE audit SET hash = ? WHERE seq = ?", (row_hash(row), seq))
        connection.commit()


def heads(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT hash FROM audit ORDER BY seq")]


def test_what_was_written_verifies(chain: Path) -> None:
    verdict = verify(chain)
    assert verdict.is_intact
    assert (verdict.row_count, verdict.head_hash) == (ROWS, heads(chain)[-1])
    assert verdict.row is None


def test_checking_leaves_the_file_as_it_was(chain: Path) -> None:
    before = chain.read_bytes()
    verify(chain)
    assert chain.read_bytes() == before
    assert [path.name for path in chain.parent.iterdir()] == ["gridpatrol.db"]


def test_the_first_row_follows_the_documented_genesis(chain: Path) -> None:
    with closing(sqlite3.connect(chain)) as connection:
        first = connection.execute("SELECT prev_hash FROM audit WHERE seq = 1").fetchone()
    assert first[0] == GENESIS == "0" * 64


TAMPERINGS: list[tuple[str, Callable[[Path], None], int, str]] = [
    ("text", lambda p: tamper(p, "UPDATE audit SET actor = 'Else' WHERE seq = 3"), 3, "changed"),
    (
        "body",
        lambda p: tamper(p, "UPDATE audit SET body_json = '{\"数\":9}' WHERE seq = 4"),
        4,
        "changed",
    ),
    ("json", lambda p: tamper(p, "UPDATE audit SET body_json = '{' WHERE seq = 2"), 2, "JSON"),
    ("flag", lambda p: tamper(p, "UPDATE audit SET is_exercise = 0 WHERE seq = 2"), 2, "changed"),
    ("odd flag", lambda p: tamper(p, "UPDATE audit SET is_exercise = 7 WHERE seq = 2"), 2, "7"),
    ("bytes", lambda p: tamper(p, "UPDATE audit SET actor = x'00ff' WHERE seq = 2"), 2, "text"),
    ("hash", lambda p: tamper(p, "UPDATE audit SET hash = 'ff' WHERE seq = 5"), 5, "changed"),
    ("missing", lambda p: tamper(p, "DELETE FROM audit WHERE seq = 3"), 3, "missing"),
    ("headless", lambda p: tamper(p, "DELETE FROM audit WHERE seq = 1"), 1, "missing"),
    (
        "exchanged",
        lambda p: tamper(
            p,
            "UPDATE audit SET seq = 99 WHERE seq = 2",
            "UPDATE audit SET seq = 2 WHERE seq = 3",
            "UPDATE audit SET seq = 3 WHERE seq = 99",
        ),
        2,
        "follow",
    ),
    (
        "renumbered",
        lambda p: tamper(
            p, "DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"
        ),
        3,
        "follow",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "row", "word"),
    [pytest.param(change, row, word, id=name) for name, change, row, word in TAMPERINGS],
)
def test_tampering_is_named_by_its_row(
    chain: Path, change: Callable[[Path], None], row: int, word: str
) -> None:
    change(chain)
    verdict = verify(chain)
    assert not verdict.is_intact
    assert (verdict.row, verdict.row_count) == (row, row - 1)
    assert word in verdict.reason


def test_a_changed_row_with_a_fitting_hash_is_found_at_the_next_one(chain: Path) -> None:
    tamper(chain, "UPDATE audit SET actor = 'Else' WHERE seq = 3")
    rehash(chain, 3)
    verdict = verify(chain)
    assert (verdict.is_intact, verdict.row) == (False, 4)


def test_a_cut_tail_is_found_by_the_rows_and_head_that_were_written_down(chain: Path) -> None:
    head = heads(chain)[-1]
    tamper(chain, "DELETE FROM audit WHERE seq >= 5")
    assert verify(chain).is_intact
    for verdict in (
        verify(chain, rows=ROWS),
        verify(chain, head=head),
        verify(chain, rows=ROWS, head=head),
    ):
        assert (verdict.is_intact, verdict.row) == (False, 5)


def test_a_head_that_was_written_down_stays_good_when_rows_are_added(chain: Path) -> None:
    hashes = heads(chain)
    assert verify(chain, rows=4, head=hashes[3]).is_intact
    assert verify(chain, rows=ROWS, head=hashes[-1].upper()).is_intact
    wrong = verify(chain, rows=4, head=hashes[4])
    assert (wrong.is_intact, wrong.row) == (False, 4)


def test_a_rewritten_chain_is_found_by_the_head_that_was_written_down(chain: Path) -> None:
    head = heads(chain)[-1]
    tamper(chain, "UPDATE audit SET actor = 'Else' WHERE seq = 6")
    rehash(chain, 6)
    assert verify(chain).is_intact
    verdict = verify(chain, rows=ROWS, head=head)
    assert (verdict.is_intact, verdict.row) == (False, 6)


def test_an_empty_chain_is_intact_and_has_the_genesis_as_its_head(chain: Path) -> None:
    tamper(chain, "DELETE FROM audit")
    verdict = verify(chain, rows=0, head=GENESIS)
    assert (verdict.is_intact, verdict.row_count, verdict.head_hash) == (True, 0, GENESIS)
    assert verify(chain, rows=1).row == 1


def test_what_is_no_audit_log_is_told(tmp_path: Path, chain: Path) -> None:
    with pytest.raises(ConfigError, match="no database"):
        verify(tmp_path / "none.db")
    text = tmp_path / "text.db"
    text.write_text("this is no database, but it is long enough to look like one" * 40)
    with pytest.raises(ConfigError, match="not a database"):
        verify(text)
    tamper(chain, "ALTER TABLE audit DROP COLUMN role")
    with pytest.raises(ConfigError, match="role"):
        verify(chain)
    tamper(chain, "DROP TABLE audit")
    with pytest.raises(ConfigError, match="no audit log"):
        verify(chain)


def test_the_canonical_form_knows_one_spelling_and_no_nan() -> None:
    assert canonical_json({"b": 1, "a": "濠"}) == '{"a":"濠","b":1}'
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json({"a": float("nan")})


def test_heads_compare_by_value() -> None:
    assert ChainHead(row_count=0, hash=GENESIS) == audit.ChainHead(row_count=0, hash=GENESIS)
