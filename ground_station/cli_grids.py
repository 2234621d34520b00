"""The options of `gridpatrol grids`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ground_station.options import JsonOption, taking
from missions.datums import StatedDatum

grids_app = typer.Typer(no_args_is_help=True, help="The grid register.")
RegisterOption = Annotated[
    Path | None, typer.Option("--register", help="Register file (GeoJSON); default: the sample.")
]
_MAP_HELP = "Draw grids and findings: out.png, out.html or out.svg."


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Of `gridpatrol grids import`."""

    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, Shapefile or KML.")]
    datum: Annotated[
        StatedDatum | None,
        typer.Option(help="What its coordinates are: there is no default. Amap is GCJ-02."),
    ] = None
    code: Annotated[str | None, typer.Option(help="Property with the codes; default: code.")] = None
    name: Annotated[
        str | None, typer.Option(help="Property with the names; default: name_zh or name.")
    ] = None
    parent: Annotated[
        str | None,
        typer.Option(help="Property with the code of the area above; default: parent_code."),
    ] = None
    out: Annotated[
        Path | None, typer.Option(help="Write the register here; without it: only tell.")
    ] = None
    register: Annotated[
        Path | None,
        typer.Option("--register", help="The register in force, to compare; default: the sample."),
    ] = None
    version: Annotated[
        str | None, typer.Option(help="Its version; default: of the day and the content.")
    ] = None
    valid_from: Annotated[str | None, typer.Option(help="First day; default: today.")] = None
    valid_to: Annotated[str | None, typer.Option(help="Last day; default: none.")] = None
    map_file: Annotated[Path | None, typer.Option("--map", help=_MAP_HELP)] = None
    as_json: JsonOption = False


@grids_app.command("list")
def grids_list(*, register: RegisterOption = None, as_json: JsonOption = False) -> None:
    """Show the grids of a register."""
    from ground_station.commands.grids import grids_list as run_list

    raise typer.Exit(run_list(register=register, as_json=as_json))


@grids_app.command("import")
@taking(ImportOptions)
def grids_import(options: ImportOptions) -> None:
    """Make a register of a file of borders, and tell everything that is wrong with it.

    What can be read is written all the same; exit code 1 says that somebody has to look.
    """
    from ground_station.commands.grids_file import run_import

    raise typer.Exit(run_import(options))


@grids_app.command("check")
def grids_check(
    register: Annotated[
        Path | None, typer.Argument(help="Register file (GeoJSON); default: the sample.")
    ] = None,
    *,
    map_file: Annotated[Path | None, typer.Option("--map", help=_MAP_HELP)] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for gaps, overlaps, slivers, orphans, doubles: exit code 1 with each and its place."""
    from ground_station.commands.grids_file import run_check

    raise typer.Exit(run_check(register, map_file=map_file, as_json=as_json))
