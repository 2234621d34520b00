"""The options of the commands that have many, as one dataclass each; cli.py stays a list.

`taking` shows typer the fields of such a class as if each were a parameter of the command.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from missions.datums import StatedDatum
from patrol.pattern import Pattern

T = TypeVar("T")


class ScenarioName(enum.StrEnum):
    """What the simulated people do."""

    DISPERSES = "disperses"
    STUBBORN = "stubborn"
    EMPTY = "empty"


class Until(enum.StrEnum):
    """The point of the story at which the demo is done."""

    DISPERSED = "dispersed"
    FILED = "filed"
    LANDED = "landed"


RegisterOption = Annotated[
    Path | None, typer.Option("--register", help="Register file (GeoJSON); default: the sample.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the records; default: your own data folder."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Of `gridpatrol demo`."""

    headless: Annotated[
        bool, typer.Option("--headless", help="A named auto-operator presses the buttons.")
    ] = False
    seed: Annotated[int, typer.Option(help="Same seed: same world, same verdict.", min=0)] = 1
    speed: Annotated[
        float, typer.Option(help="World seconds in a second, at the most.", min=1, max=10)
    ] = 1.0
    scenario: Annotated[ScenarioName, typer.Option(help="What the people do.")] = (
        ScenarioName.DISPERSES
    )
    until: Annotated[
        Until | None, typer.Option(help="Stop there with exit code 0. Default: landed if headless.")
    ] = None
    within: Annotated[
        float | None,
        typer.Option(
            help="Give up after so many world seconds (plus 60 of the wall); default 1200.", min=1
        ),
    ] = None
    port: Annotated[int, typer.Option(help="The console's port.", min=0, max=65535)] = 8000
    data: DataOption = None
    muted: Annotated[
        bool, typer.Option("--muted", help="The loudspeaker makes no sound (nobody hears).")
    ] = False
    as_json: JsonOption = False

    @property
    def end(self) -> str | None:
        """Dispersed, filed or landed; None: until Ctrl-C."""
        if self.until is not None:
            return self.until.value
        return Until.LANDED.value if self.headless else None

    @property
    def within_s(self) -> float:
        """World seconds."""
        return 1200.0 if self.within is None else self.within


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """Of `gridpatrol plan`."""

    named: Annotated[
        str | None, typer.Argument(metavar="[GRID]", help="The grid's code or spoken name.")
    ] = None
    grid: Annotated[str | None, typer.Option(help="The same, by name.")] = None
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write the plan: .json (to be flown), .plan (QGroundControl), .geojson, "
            ".kml or .waypoints; of several sorties NAME-1, ... Only with --map it may be left out."
        ),
    ] = None
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Take the route from this file (.plan, .geojson, .kml, or .json of ours) and "
            "check it as any other; GRID may then be left out.",
        ),
    ] = None
    datum: Annotated[
        StatedDatum | None,
        typer.Option(help="What the coordinates of --from are, where a map file does not say."),
    ] = None
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="Draw route, fence, zones and findings: out.png or out.html."),
    ] = None
    pattern: Annotated[Pattern, typer.Option(help="What to fly in the grid.")] = Pattern.BOUNDARY
    at: Annotated[
        list[str] | None,
        typer.Option(
            help="LAT,LON to look at (points, hold, orbit), or the corridor's line; may be "
            "repeated. Points without any: the grid's special sites, or its middle."
        ),
    ] = None
    spacing: Annotated[
        float | None, typer.Option(help="Metres between lanes; default: from the lens.")
    ] = None
    hold: Annotated[
        float | None, typer.Option(help="Seconds at each place; default: 30, of hold 300.")
    ] = None
    radius: Annotated[
        float | None, typer.Option(help="Of an orbit, in metres; never less than the stand-off.")
    ] = None
    width: Annotated[float, typer.Option(help="Of a corridor, in metres.", min=0.0)] = 0.0
    height: Annotated[float, typer.Option(help="Above the ground, in metres.", min=5.0)] = 30.0
    speed: Annotated[
        float, typer.Option(help="Where people are counted, in m/s.", min=0.5, max=15.0)
    ] = 4.8
    tilt: Annotated[
        float, typer.Option(help="Of the camera, in degrees; -90 is straight down.", min=-90, max=0)
    ] = -27.0
    lens: Annotated[
        str, typer.Option(help="WIDTHxHEIGHT@HFOV of the camera: pixels, pixels, degrees.")
    ] = "1280x720@40"
    elevation: Annotated[
        Path | None,
        typer.Option(
            help="GeoTIFF of the ground's height: heights then follow the ground. 'sample': the "
            "invented hills of the sample register."
        ),
    ] = None
    airspace: Annotated[
        Path | None,
        typer.Option(help="Airspace zones (GeoJSON): routes keep out of what is closed."),
    ] = None
    register: RegisterOption = None
    home: Annotated[str | None, typer.Option(help="LAT,LON of the launch point.")] = None
    qgc: Annotated[Path | None, typer.Option(help="Write a QGroundControl .plan file too.")] = None
    geojson: Annotated[Path | None, typer.Option(help="Write a GeoJSON file too.")] = None
    as_json: JsonOption = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """Of `gridpatrol sim`."""

    aircraft: Annotated[int, typer.Option(help="How many (up to 50; 10 with --px4).", min=1)] = 1
    scenario: Annotated[
        Path | None, typer.Option(help="The world (JSON); default: an empty district.")
    ] = None
    port: Annotated[
        int, typer.Option(help="The first sends here, the next to the port above, and so on.")
    ] = 14540
    one_port: Annotated[
        bool, typer.Option("--one-port", help="All send to --port, told apart by system id.")
    ] = False
    speed: Annotated[float, typer.Option(help="World seconds in a second, 0.1 to 20.")] = 1.0
    seed: Annotated[int, typer.Option(help="Same seed: same world, wind and noise.", min=0)] = 1
    wind: Annotated[
        str | None, typer.Option(help="SPEED,FROM: m/s, degrees (6,045); else the scenario's.")
    ] = None
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME\\[=VALUE]\\[@T\\[..END]]\\[:AIRCRAFT]: break it, of all or of one (:GP-2), "
            "from world second T to END; may be repeated. A wrong NAME lists all."
        ),
    ] = None
    bare: Annotated[
        bool, typer.Option("--bare", help="Aircraft alone: no cameras, no loudspeakers.")
    ] = False
    px4: Annotated[
        Path | None,
        typer.Option(
            help="Fly PX4's own simulation instead: the folder of your build, holding bin/px4 and "
            "etc. Its camera is fixed, 30 degrees down."
        ),
    ] = None

    def arguments(self) -> list[str]:
        """For the simulator's process."""
        given = ["-m", "sim.fleet", "--aircraft", str(self.aircraft)]
        given += ["--port", str(self.port), "--speed", str(self.speed), "--seed", str(self.seed)]
        for name, value in (("scenario", self.scenario), ("px4", self.px4), ("wind", self.wind)):
            given += [f"--{name}={value}"] if value is not None else []
        given += [f"--fault={fault}" for fault in self.fault or ()]
        given += ["--one-port"] if self.one_port else []
        return given + (["--bare"] if self.bare else [])


def taking(kind: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Make a command of a function that takes the options as one object of `kind`."""

    def with_options(command: Callable[[T], None]) -> Callable[..., None]:
        def run(**given: Any) -> None:  # noqa: ANN401  # typer has checked each
            command(kind(**given))

        hints = get_type_hints(kind, include_extras=True)
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__annotations__ = hints
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by inspect
            [
                inspect.Parameter(
                    one.name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name],
                    default=inspect.Parameter.empty if one.default is MISSING else one.default,
                )
                for one in fields(kind)  # type: ignore[arg-type]  # a dataclass
            ]
        )  # fmt: skip
        return run

    return with_options
