"""What a patrol flies in its grid."""

from __future__ import annotations

import enum


class Pattern(enum.StrEnum):
    """What a patrol flies in its grid."""

    BOUNDARY = "boundary"  # along the inside of the grid's edge
    SWEEP = "sweep"  # to and fro over all of it
    POINTS = "points"  # from place to place, each looked at for a while
    HOLD = "hold"  # one place, looked at for long
    ORBIT = "orbit"  # around one place at stand-off
    CORRIDOR = "corridor"  # along a line
