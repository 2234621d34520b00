"""`--map`: a register, a plan or a whole day as a picture or a page."""

from __future__ import annotations

from pathlib import Path

from ground_station.out.picture_png import to_png
from missions.map_sheet import Drawing
from patrol.errors import ConfigError

_PICTURES = (".png", ".html", ".svg")


def require_picture(path: Path) -> None:
    """ConfigError where `--map` names a file of another kind."""
    if path.suffix.lower() not in _PICTURES:
        raise ConfigError(
            f"--map writes {', '.join(_PICTURES)}, not {path}",
            text_zh=f"--map 只能写{'、'.join(_PICTURES)}：{path}",
        )


def draw(path: Path, drawing: Drawing) -> None:
    """A page or a picture; ConfigError when it cannot be written. One that is there is replaced."""
    try:
        match path.suffix.lower():
            case ".png":
                path.write_bytes(to_png(drawing.svg))
            case ".svg":
                path.write_text(drawing.svg, encoding="utf-8")
            case _:
                path.write_text(drawing.html, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"the map cannot be written: {path} ({error.strerror})",
            text_zh=f"无法写入地图：{path}（{error.strerror}）",
        ) from error
