"""The command line's part about persons and TLS: options and help only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

users_app = typer.Typer(
    no_args_is_help=True,
    help="Who may sign in. Works also while the station runs; every change is an audit row.",
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The station's settings file (names the folder).")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="The folder of the records, without --config.")
]
ExerciseOption = Annotated[
    bool, typer.Option("--exercise", help="With --data: an exercise's folder, if it is new.")
]
LoginArgument = Annotated[str, typer.Argument(help="Small letters and digits, such as wanghaiyan.")]
RolesOption = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="PILOT, ANNC, REG, LEAD, OPER, DISP, SUPV, GW, GH, STREET, COMM, DEPT, REVIEW, AUDIT, "
        "PRIV or TEST; REG@440512001 for one part of the district, DEPT@440512D01 for a "
        "department. May be repeated.",
    ),
]
ScopeOption = Annotated[
    str | None,
    typer.Option(
        "--scope",
        help="The code of a street, community or grid, for DEPT a department's; default: the "
        "whole district.",
    ),
]


@users_app.command("add")
def add(
    login: LoginArgument,
    *,
    name: Annotated[str, typer.Option(help="As it will stand in every record.")],
    role: RolesOption,
    scope: ScopeOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    exercise: ExerciseOption = False,
) -> None:
    """Make a person. Prints a first password that is good for choosing one's own."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data, is_exercise=exercise)
    raise typer.Exit(users.users_add(folder, login, name=name, roles=role, scope=scope))


@users_app.command("list")
def show(
    *,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Show everybody, with roles, locks and who has no PIN yet."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_list(folder, as_json=as_json))


@users_app.command("roles")
def roles(
    login: LoginArgument,
    *,
    role: RolesOption,
    scope: ScopeOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Replace all roles of a person; it counts from the next request on."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_roles(folder, login, roles=role, scope=scope))


@users_app.command("scope")
def scope_(
    login: LoginArgument,
    scope: Annotated[
        str, typer.Argument(help="A district's, street's, community's, grid's or department's.")
    ],
    *,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Move all roles of a person to one part of the grid tree, or to another department."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_scope(folder, login, scope=scope))


@users_app.command("disable")
def disable(login: LoginArgument, *, config: ConfigOption = None, data: DataOption = None) -> None:
    """Shut a person out at once: sessions, seats and tokens end."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_disable(folder, login, is_disabled=True))


@users_app.command("enable")
def enable(login: LoginArgument, *, config: ConfigOption = None, data: DataOption = None) -> None:
    """Let a person in again that was shut out."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_disable(folder, login, is_disabled=False))


@users_app.command("reset")
def reset(login: LoginArgument, *, config: ConfigOption = None, data: DataOption = None) -> None:
    """Print a new first password; sessions, locks and PIN are gone."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_reset(folder, login))


@users_app.command("token")
def token(
    login: LoginArgument,
    *,
    purpose: Annotated[str, typer.Option("--for", help="What it is for, for the audit log.")],
    role: Annotated[
        list[str] | None, typer.Option("--role", help="Of the person's roles; none: looking only.")
    ] = None,
    scope: ScopeOption = None,
    days: Annotated[float, typer.Option(help="How long it counts.", min=0.01, max=366)] = 90.0,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Print an API token: what a program shows as `Authorization: Bearer TOKEN`."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    code = users.users_token(
        folder, login, purpose=purpose, roles=role or (), scope=scope, days=days
    )
    raise typer.Exit(code)


@users_app.command("tokens")
def tokens(
    login: LoginArgument,
    *,
    revoke: Annotated[str | None, typer.Option(help="Take away the token of this id.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show a person's tokens (never their keys), or take one away."""
    from ground_station.commands import users

    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_tokens(folder, login, revoke=revoke))


@users_app.command("link")
def link(
    login: Annotated[str, typer.Argument(help="Default: the demo's guest.")] = "guest",
    *,
    url: Annotated[str, typer.Option(help="The console's address.")] = "http://127.0.0.1:8000",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Print a one-time sign-in link: exercises only, at the station's own computer only."""
    from ground_station.commands import users
    from ground_station.folders import default_data_dir

    if config is None and data is None:
        data = default_data_dir()  # the demo's
    folder = users.Folder(config=config, data=data)
    raise typer.Exit(users.users_link(folder, login, url=url))


def tls(
    *,
    name: Annotated[
        list[str],
        typer.Option(help="A name or address by which tablets reach the station; may be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for certificate, keys and authority.")],
) -> None:
    """Make a TLS certificate for the station, from an authority of your own.

    Run it again with the same folder to renew: the tablets keep trusting the authority.
    docs/field-laptop.md says how a laptop and its tablets are set up.
    """
    from ground_station.commands.tls import tls as run_tls

    raise typer.Exit(run_tls(out, name))
