"""The options of `gridpatrol allocate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from patrol.pattern import Pattern

if TYPE_CHECKING:
    from ground_station.commands.allocate import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateOptions:
    """As they are given; `wanted` reads them."""

    fleet: Annotated[
        Path, typer.Option(help="The aircraft (TOML); config/fleet.example.toml is one.")
    ]
    register: Annotated[
        Path | None, typer.Option(help="Register file (GeoJSON); default: the sample.")
    ] = None
    grid: Annotated[
        list[str] | None,
        typer.Option(
            help="A grid, community or street by code or name; may be repeated. Default: all."
        ),
    ] = None
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the records that say when each grid was last seen whole."),
    ] = None
    config: Annotated[
        Path | None, typer.Option(help="A station's settings file instead of --data.")
    ] = None
    due: Annotated[
        bool, typer.Option("--due", help="Only the grids whose next look is due today.")
    ] = False
    pattern: Annotated[
        list[Pattern] | None,
        typer.Option(help="boundary or sweep; may be repeated. Default: boundary."),
    ] = None
    elevation: Annotated[
        Path | None, typer.Option(help="Ground elevation (GeoTIFF), or `sample`.")
    ] = None
    airspace: Annotated[
        Path | None, typer.Option(help="Closed airspace (GeoJSON), checked on every leg.")
    ] = None
    sites: Annotated[
        bool, typer.Option("--sites", help="Look at every site of the special grids too.")
    ] = False
    alert: Annotated[
        list[str] | None, typer.Option(help="A grid to be flown first; may be repeated.")
    ] = None
    hours: Annotated[
        list[str] | None,
        typer.Option(help="GRID=HH:MM-HH:MM: take off there within these; may be repeated."),
    ] = None
    begin: Annotated[str, typer.Option(help="When the day begins, local time.")] = "08:00"
    day_hours: Annotated[
        float, typer.Option("--day", help="Hours until the last landing; 0: as many as it takes.",
                            min=0.0, max=240.0)
    ] = 8.0  # fmt: skip
    separation: Annotated[
        float,
        typer.Option(help="Metres between the routes of two that fly at once.", min=0.0),
    ] = 100.0
    change: Annotated[
        float, typer.Option(help="Seconds to change a battery.", min=0.0, max=3600.0)
    ] = 180.0
    out: Annotated[
        Path | None, typer.Option(help="Folder for the plan of each sortie, and the day (JSON).")
    ] = None
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", help="Draw the day: each aircraft's routes, what is not covered; .png, .html."
        ),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False

    def wanted(self) -> Wanted:
        """For the command; ConfigError where --data and --config are both given."""
        from ground_station.commands.allocate import Wanted
        from missions.allocation_model import Terms

        records = None
        if self.data is not None or self.config is not None:
            from ground_station.commands.records_at import place_of

            records = place_of(self.data, self.config)
        return Wanted(
            fleet=self.fleet,
            register=self.register,
            records=records,
            grids=tuple(self.grid or ()),
            is_due_only=self.due,
            patterns=tuple(self.pattern or (Pattern.BOUNDARY,)),
            has_sites=self.sites,
            elevation=self.elevation,
            airspace=self.airspace,
            alerts=tuple(self.alert or ()),
            hours=tuple(self.hours or ()),
            begin=self.begin,
            terms=Terms(
                day_s=self.day_hours * 3600.0 or None,
                separation_m=self.separation,
                change_s=self.change,
            ),
            out=self.out,
            map_file=self.map_file,
        )
