"""The command line's part about sharing the work: allocate, dispatch. Options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ground_station.options import JsonOption, taking
from ground_station.options_allocate import AllocateOptions

FleetOption = Annotated[
    Path, typer.Option("--fleet", help="The aircraft (TOML); config/fleet.example.toml is one.")
]


def add_allocation_commands(app: typer.Typer) -> None:
    """Put them under the one command."""
    app.command("allocate")(allocate)
    app.command("dispatch")(dispatch)


@taking(AllocateOptions)
def allocate(options: AllocateOptions) -> None:
    """Decide who flies which grids today, in which order, and list what nobody flies."""
    from ground_station.commands.allocate import allocate_day

    raise typer.Exit(allocate_day(options.wanted(), as_json=options.as_json))


def dispatch(
    place: Annotated[str, typer.Argument(help="LAT,LON in decimal degrees.")],
    *,
    fleet: FleetOption,
    register: Annotated[
        Path | None,
        typer.Option("--register", help="Register file (GeoJSON); default: the sample."),
    ] = None,
    charge: Annotated[
        list[str] | None,
        typer.Option(help="NAME=PERCENT in its battery now; else 100. May be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the plan here (JSON).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose whoever is there first and comes back with the reserve, and make its plan."""
    from ground_station.commands.dispatch import dispatch_to

    raise typer.Exit(
        dispatch_to(
            place, fleet=fleet, register=register, charges=charge or (), out=out, as_json=as_json
        )
    )
