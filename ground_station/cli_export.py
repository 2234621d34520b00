"""The options of `gridpatrol export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ground_station.out.book import Audience, Language

if TYPE_CHECKING:
    from ground_station.commands.export import ExportOptions

export_app = typer.Typer(
    no_args_is_help=True,
    help="Reports (PDF, HTML), GeoJSON, tables, .plan and tlog from a station's records.",
)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the records; default: your own.")
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder to write into.")]
RegisterOption = Annotated[
    Path | None, typer.Option("--register", help="Register file (GeoJSON); default: the sample.")
]
LanguageOption = Annotated[Language, typer.Option("--lang", help="Of the reports.")]
PublicOption = Annotated[
    bool,
    typer.Option("--public", help='No names, no exact places, counts under 3 as "<3".'),
]


def _told(purpose: str) -> str:
    if not purpose.strip():
        raise typer.BadParameter("say what the files are for")
    return purpose.strip()


PurposeOption = Annotated[
    str,
    typer.Option("--purpose", callback=_told, help="What for: it is written into the audit log."),
]


@export_app.command("sortie")
def sortie(
    sortie_id: Annotated[str, typer.Argument(help="Such as M-20261124-01-S01.")],
    *,
    out: OutOption,
    purpose: PurposeOption,
    data: DataOption = None,
    register: RegisterOption = None,
    lang: LanguageOption = Language.ZH,
    public: PublicOption = False,
) -> None:
    """Write one sortie: report.pdf, report.html, GeoJSON, QGroundControl .plan and tlog."""
    from ground_station.commands.export import export_sortie

    options = _options(out, data, register, lang, is_public=public, purpose=purpose)
    raise typer.Exit(export_sortie(sortie_id, options))


@export_app.command("day")
def day(
    date: Annotated[str, typer.Argument(help="A day in Shanghai, such as 2026-11-24.")],
    *,
    out: OutOption,
    purpose: PurposeOption,
    scope: Annotated[
        str | None,
        typer.Option(help="Code of a street, community or grid; default: the whole district."),
    ] = None,
    data: DataOption = None,
    register: RegisterOption = None,
    lang: LanguageOption = Language.ZH,
    public: PublicOption = False,
) -> None:
    """Write one day: reports, GeoJSON, 巡查日志, 台账, and coverage with what was not visited."""
    from ground_station.commands.export import export_day

    options = _options(out, data, register, lang, is_public=public, purpose=purpose)
    raise typer.Exit(export_day(date, scope, options))


def _options(
    out: Path,
    data: Path | None,
    register: Path | None,
    lang: Language,
    *,
    is_public: bool,
    purpose: str,
) -> ExportOptions:
    from ground_station.commands.export import ExportOptions
    from ground_station.folders import default_data_dir
    from ground_station.out.desk import Wanted

    return ExportOptions(
        data=data or default_data_dir(),
        out=out,
        register=register,
        wanted=Wanted(
            audience=Audience.PUBLIC if is_public else Audience.INTERNAL,
            language=lang,
            purpose=purpose,
        ),
    )
