"""The options of `gridpatrol fly`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ground_station.options import JsonOption
from ground_station.options_clear import ClearOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class FlyOptions:
    """Of `gridpatrol fly`."""

    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN_FILE", help="A plan that `gridpatrol plan` wrote.")
    ]
    connect: Annotated[
        str,
        typer.Option(help="MAVSDK URL, such as udpin://0.0.0.0:14540 or serial:///dev/ttyACM0."),
    ]
    approve: Annotated[
        str | None,
        typer.Option(help="Your name, as the one who approves this plan; default: your login."),
    ] = None
    declare: Annotated[
        str | None,
        typer.Option(
            help="Your name, as the one who says that remote identification sends, the weather is "
            "fit and the route clears the ground; default: whoever approves the plan now."
        ),
    ] = None
    logs: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the raw log of the link (tlog) and, after landing, the autopilot's "
            "own log."
        ),
    ] = None
    papers: Annotated[
        Path | None,
        typer.Option(
            help="The unit's papers (TOML): the flight is cleared by the law first. A live one is "
            "not flown without."
        ),
    ] = None
    airspace: Annotated[
        Path | None, typer.Option(help="With --papers: zones (GeoJSON), not older than 24 hours.")
    ] = None
    aircraft: Annotated[
        str | None, typer.Option(help="With --papers: which aircraft flies; default: the only one.")
    ] = None
    pilot: Annotated[
        str | None, typer.Option(help="With --papers: which pilot flies; default: any of them.")
    ] = None
    as_json: JsonOption = False

    @property
    def gate(self) -> ClearOptions | None:
        """What it is cleared by; None without papers."""
        if self.papers is None:
            return None
        return ClearOptions(
            plan_file=self.plan_file, papers=self.papers, airspace=self.airspace,
            aircraft=self.aircraft, pilot=self.pilot,
        )  # fmt: skip
