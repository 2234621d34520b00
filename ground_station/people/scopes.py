"""Scopes by the grid tree: six digits are the district; a longer code is a street, community or
grid of it. A station works in one district, so that the code of a district covers all there is.

A department's role has no part of the tree but its own code (440512D01): it covers itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ground_station.owners import is_department
from ground_station.people.errors import DoorRefused
from missions.codes import HAOJIANG, CodeForm, form_of_county, is_county

DISTRICT = HAOJIANG.district  # the whole district, where nothing else is said


def read_scope(text: str, form: CodeForm | None = None) -> str:
    """A territorial code; DoorRefused when it is none, or none of the register's own `form`."""
    code = re.sub(r"[\s-]", "", text)
    if code == whole_of(form):
        return code
    try:
        (form or form_of_county(code)).level_of(code)
    except ValueError as error:
        example = form.district if form else DISTRICT
        raise DoorRefused(
            f"not a scope: {text!r} ({example}, or a street's, community's or grid's code)",
            f"不是有效的管辖范围：{text}（{example} 或街道、社区、网格编码）",
        ) from error
    return code


def whole_of(form: CodeForm | None) -> str:
    """The code of the whole district; of one whose code has another length, as a role has it."""
    return form.district if form and is_county(form.district) else DISTRICT


def read_department(text: str) -> str:
    """A department's code; DoorRefused when it is none."""
    code = text.strip().upper()
    if not is_department(code):
        raise DoorRefused(
            f"not a department's code: {text!r}; the role DEPT names one, such as DEPT@440512D01",
            f"不是部门编码：{text}；职能部门角色须写明部门，如 DEPT@440512D01",
        )
    return code


def read_part(text: str, form: CodeForm | None = None) -> str:
    """A part of the grid tree, or a department; DoorRefused when it is neither."""
    code = text.strip().upper()
    return code if is_department(code) else read_scope(text, form)


def covers(scope: str, place: str | None) -> bool:
    """Whether a place lies in the scope; what lies in no grid belongs to the district alone.

    Every level of a code has its own width, so a prefix is an ancestor and never a sibling.
    """
    if is_county(scope):
        return True
    if is_department(scope):
        return scope == place
    return bool(place) and str(place).startswith(scope)


def covered_by(scopes: Iterable[str], place: str | None) -> bool:
    """Whether any of the scopes covers the place."""
    return any(covers(scope, place) for scope in scopes)


def is_on_the_way(scopes: Iterable[str], place: str) -> bool:
    """Whether the place is an ancestor of a scope: drawn on its map, but not its own."""
    return any(scope.startswith(place) for scope in scopes)


def is_whole(scopes: Iterable[str]) -> bool:
    """Whether the whole district is among them."""
    return any(is_county(scope) for scope in scopes)


def narrowed(scope: str, limit: str) -> str | None:
    """The smaller of two scopes, or None when neither lies in the other.

    Whoever has the whole district is none of its departments for that.
    """
    if is_department(limit):
        return limit if scope == limit else None
    if covers(scope, limit):
        return limit
    return scope if covers(limit, scope) else None
