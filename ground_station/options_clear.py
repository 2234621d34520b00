"""The options of `gridpatrol clear`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ground_station.options import JsonOption


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOptions:
    """Of `gridpatrol clear`."""

    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A plan that `gridpatrol plan` wrote.")
    ]
    papers: Annotated[
        Path,
        typer.Option(help="The unit's papers (TOML); config/papers.example.toml is an example."),
    ]
    airspace: Annotated[
        Path | None, typer.Option(help="Airspace zones (GeoJSON), not older than 24 hours.")
    ] = None
    at: Annotated[
        str | None,
        typer.Option(help="Planned take-off with its zone (2026-11-27T09:30+08:00); default: now."),
    ] = None
    aircraft: Annotated[
        str | None, typer.Option(help="Which of the papers' aircraft flies; default: the only one.")
    ] = None
    pilot: Annotated[
        str | None, typer.Option(help="Which of the papers' pilots flies; default: any of them.")
    ] = None
    application: Annotated[
        Path | None,
        typer.Option(help="Write the filled application sheet of Art. 27 here (.pdf or .csv)."),
    ] = None
    as_json: JsonOption = False
