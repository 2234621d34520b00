"""A drawing as pixels, through typst, with a Chinese font that comes with the installation."""

from __future__ import annotations

from importlib.resources import as_file, files

import typst

_FONTS = "pylopdf_fonts_zh_cn"  # Noto Sans SC under the SIL Open Font License
_PPI = 96.0  # a pixel of the drawing is 3/4 of a point


def to_png(svg: str) -> bytes:
    """The bytes of the PNG. Slow (about a second): not for the event loop."""
    sheet = files("ground_station.out") / "picture.typ"
    with as_file(files(_FONTS)) as fonts, as_file(sheet) as source:
        made: bytes = typst.compile(
            source,
            format="png",
            ppi=_PPI,
            sys_inputs={"svg": svg},
            font_paths=[fonts],
            ignore_system_fonts=True,  # the same picture on every machine
        )
    return made
