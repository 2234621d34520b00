"""What the person who imports borders says their coordinates are."""

from __future__ import annotations

import enum


class StatedDatum(enum.StrEnum):
    """The datum of a file: there is no default, for a wrong guess is half a kilometre."""

    WGS_84 = "WGS-84"
    CGCS2000 = "CGCS2000"
    GCJ_02 = "GCJ-02"
