"""The command line's part about the records: log, backup, restore, retention. Options and help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ground_station.commands.records_at import Place

log_app = typer.Typer(no_args_is_help=True, help="The audit log.")
retention_app = typer.Typer(
    invoke_without_command=True,
    help="Delete what has reached its age by the approved policy; first with --dry-run.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the records; default: your own data folder."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A station's settings file: its data_dir and database_url."),
]
ByOption = Annotated[str | None, typer.Option("--by", help="Your name; default: your login.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; the audit log keeps it.")]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", help="Policy file (JSON); default: the shipped one.")
]


def add_store_commands(app: typer.Typer) -> None:
    """Put them under the one command."""
    app.add_typer(log_app, name="log")
    app.add_typer(retention_app, name="retention")
    app.command("backup")(backup)
    app.command("restore")(restore)


@log_app.command("verify")
def log_verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export, a backup or a database, instead of --data.")
    ] = None,
    *,
    data: DataOption = None,
    config: ConfigOption = None,
    rows: Annotated[
        int | None, typer.Option(help="How many rows there must be (finds a cut tail).", min=0)
    ] = None,
    head: Annotated[str | None, typer.Option(help="The head hash there must be.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the audit chain: exit 0, or 1 naming the first row that does not fit."""
    from ground_station.commands.log import log_verify as run_verify
    from ground_station.commands.log import log_verify_at

    if file is not None:
        raise typer.Exit(run_verify(file, rows=rows, head=head, as_json=as_json))
    raise typer.Exit(log_verify_at(_place(data, config), rows, head, as_json))


@log_app.command("export")
def log_export(
    file: Annotated[Path, typer.Argument(help="The file to write (JSON lines).")],
    *,
    reason: ReasonOption,
    by: ByOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole audit log to a file that `log verify FILE` checks anywhere."""
    from ground_station.commands.log import log_export as run_export

    place = _place(data, config)
    raise typer.Exit(run_export(place, file, reason=reason, by=by, as_json=as_json))


def backup(
    folder: Annotated[Path, typer.Argument(help="The backup to make; it must not exist.")],
    *,
    by: ByOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back the records up while the station runs; the copy is checked before it is called one."""
    from ground_station.commands.backup import backup as run_backup

    raise typer.Exit(run_backup(_place(data, config), folder, by=by, as_json=as_json))


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    by: ByOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    head: Annotated[
        str | None, typer.Option(help="The head hash that was written down with the backup.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a backup and bring it back into an empty folder (or server): it overwrites nothing."""
    from ground_station.commands.backup import restore as run_restore

    place = _place(data, config)
    raise typer.Exit(run_restore(folder, place, by=by, head=head, as_json=as_json))


@retention_app.callback()
def retention(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List only; delete nothing.")] = False,
    clock_is_right: Annotated[
        bool,
        typer.Option(
            "--clock-is-right", help="Though the newest record is a month old, or of the future."
        ),
    ] = False,
    policy: PolicyOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what has reached its age by the approved policy; first with --dry-run."""
    if context.invoked_subcommand is not None:
        return
    from ground_station.commands.retention import retention_run

    code = retention_run(
        _place(data, config),
        is_dry_run=dry_run,
        policy_file=policy,
        is_clock_right=clock_is_right,
        as_json=as_json,
    )
    raise typer.Exit(code)


@retention_app.command("approve")
def retention_approve(
    *,
    policy: PolicyOption = None,
    by: ByOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Put a policy into force under your name."""
    from ground_station.commands.retention import retention_approve as run_approve

    raise typer.Exit(run_approve(_place(data, config), policy_file=policy, by=by))


@retention_app.command("hold")
def retention_hold(
    covers: Annotated[
        str, typer.Argument(help='A sortie, mission, report or case, or "*" for everything.')
    ],
    *,
    reason: ReasonOption,
    lift: Annotated[bool, typer.Option("--lift", help="Lift the hold instead.")] = False,
    by: ByOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Place a legal hold: what it covers is not deleted, however old."""
    from ground_station.commands.retention import retention_hold as run_hold

    place = _place(data, config)
    raise typer.Exit(run_hold(place, covers, reason=reason, by=by, is_lifted=lift))


@retention_app.command("holds")
def retention_holds(
    *, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show the legal holds in force."""
    from ground_station.commands.retention import retention_holds as run_holds

    raise typer.Exit(run_holds(_place(data, config), as_json=as_json))


def _place(data: Path | None, config: Path | None) -> Place:
    from ground_station.commands.records_at import place_of

    return place_of(data, config)
