"""Pages of a list by keyset: the next page begins after the last row that was shown.

Rows that arrive meanwhile neither repeat nor hide one, and page 900 costs what page 1 does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    false,
    func,
    literal,
    or_,
    true,
    tuple_,
)

from ground_station.store.codec import canonical_json
from missions.codes import codes_up
from patrol.errors import Refused

LONGEST_PAGE = 200
# Grid codes that a person may see: each covers itself and what lies under it in the grid tree.
# ("",) is the whole district; () is nothing at all.
Scopes = tuple[str, ...]
WHOLE_DISTRICT: Scopes = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a list; `next_cursor` asks for those after them, "" at the end."""

    items: tuple[dict[str, Any], ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Which page: at most `limit` rows after `cursor` ("": the first)."""

    cursor: str = ""
    limit: int = 50


def in_scope(column: ColumnElement[Any], scopes: Scopes) -> ColumnElement[bool]:
    """Rows of the grids in `scopes`; one without a grid is seen by the whole district alone."""
    if "" in scopes:
        return true()
    if not scopes:
        return false()
    # Not LIKE and no range: their order depends on how a server was set up to sort text.
    return or_(*(func.substr(column, 1, len(code)) == code for code in scopes))


def in_touch(column: ColumnElement[Any], scopes: Scopes) -> ColumnElement[bool]:
    """Rows of parts of the district that lie in `scopes`, or in which one of `scopes` lies.

    One that names no part is the whole district's.
    """
    if "" in scopes:
        return true()
    if not scopes:
        return false()
    above = sorted({up for code in scopes for up in codes_up(code)})
    return or_(in_scope(column, scopes), column.in_(above), column.is_(None))


def page_of(
    connection: Connection,
    query: Select[Any],
    *,
    keys: Sequence[ColumnElement[Any]],
    ask: Ask,
    show: Callable[[Mapping[str, Any]], dict[str, Any]],
    is_descending: bool = False,
) -> Page:
    """One page of `query` in the order of `keys`, which are unique together and among its columns.

    Refused for a cursor that is not one of this list's or a limit out of bounds.
    """
    if not 1 <= ask.limit <= LONGEST_PAGE:
        raise Refused(
            f"a page has 1 to {LONGEST_PAGE} rows, not {ask.limit}",
            text_zh=f"每页可有1至{LONGEST_PAGE}行，不能是{ask.limit}行",
        )
    if ask.cursor:
        after = tuple_(*(literal(value) for value in _values(ask.cursor, keys)))
        here = tuple_(*keys)
        query = query.where(here < after if is_descending else here > after)
    ordered = query.order_by(*(key.desc() if is_descending else key for key in keys))
    rows = connection.execute(ordered.limit(ask.limit + 1)).mappings().all()
    shown = [dict(row) for row in rows[: ask.limit]]
    names = [str(getattr(key, "name", "")) for key in keys]
    last = _cursor([shown[-1][name] for name in names]) if len(rows) > ask.limit else ""
    return Page(items=tuple(show(row) for row in shown), next_cursor=last)


def _cursor(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(canonical_json(values).encode()).decode().rstrip("=")


def _values(cursor: str, keys: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        values = None
    kinds = [key.type.python_type for key in keys]
    if (
        not isinstance(values, list)
        or len(values) != len(kinds)
        or any(type(value) is not kind for value, kind in zip(values, kinds, strict=True))
        or any(isinstance(value, int) and abs(value) >= 2**31 for value in values)
    ):
        raise Refused(
            "this is no page of this list: ask for the first one again",
            text_zh="此列表没有这一页：请从第一页重新查看",
        )
    return values
