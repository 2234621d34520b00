"""Which areas somebody may have meant by a name that none of them has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from missions.codes import GridLevel
from missions.grid import Grid

_LEAVES = (GridLevel.SUBGRID, GridLevel.GRID)
_SUGGESTED = 3
_ALIKE = 0.5  # difflib's ratio
_ORDINAL_DIGITS = 3  # a longer run of digits is a part of the code


def near_names(wanted: str, areas: Sequence[Grid]) -> list[str]:
    """At most three spoken names or codes; none where nothing is like it.

    First, as in the console's search, those that every word fits (达濠 3, 达濠社区), an area
    called just so before what lies in it; else grids whose names are written nearly alike.
    """
    words = re.sub(r"(\d+)", r" \1 ", wanted).split()
    if not words:
        return []
    fitting = [area for area in areas if all(_fits(area, word) for word in words)]
    if fitting:
        best = max(_exact(area, words) for area in fitting)
        fitting = [area for area in fitting if _exact(area, words) == best]
        fitting.sort(key=lambda area: len(area.name_spoken))
        return [area.name_spoken for area in fitting[:_SUGGESTED]]
    leaves = [area for area in areas if area.level in _LEAVES]
    names = [name for area in leaves for name in (area.code, area.name_spoken)]
    return difflib.get_close_matches(wanted, names, n=_SUGGESTED, cutoff=_ALIKE)


def _fits(area: Grid, word: str) -> bool:
    if not word.isdecimal():
        return word in area.name_spoken
    if len(word) > _ORDINAL_DIGITS:
        return word in area.code
    return area.level in _LEAVES and area.code.endswith(word.zfill(_ORDINAL_DIGITS))


def _exact(area: Grid, words: Sequence[str]) -> int:
    """How many of the words name its community, or itself, and not a part of a longer name."""
    return sum(f"{word}社区" in area.name_spoken or word == area.name_zh for word in words)
