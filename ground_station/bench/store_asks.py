"""What `gridpatrol bench store` asks the station for: every list and look-up that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import urlencode

from ground_station.bench.district import DAYS, NOW, SHIFTS_A_DAY, UNITS, Size, shift_id, sortie_id
from ground_station.owners import Tier
from missions.register import load_register
from patrol.clock import SHANGHAI, utc_text

CLOCKS = "clocks"  # what the station looks at by itself every ten seconds
_WEEK = timedelta(days=7)
_SHIFT = timedelta(hours=8)
_WHY = {"purpose": "bench"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the lists that were asked for first have told."""

    open_cases: tuple[str, ...]
    closed_cases: tuple[str, ...]
    reports: tuple[str, ...]
    deep: str  # the cursor of page 21 of the queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One list: its name in the table, and its address, each time a little different."""

    name: str
    path: Callable[[int], str]
    who: str = "district"  # or "street", "community", "department": whose part is asked for


def asks(known: Known, size: Size) -> dict[str, Asked]:
    """By the key of its row in the result."""
    return (
        _alerts(size)
        | _cases(known)
        | _reports(known)
        | _shifts()
        | _audit(known)
        | _measures()
        | _files(size)
    )


def names() -> dict[str, str]:
    """Every row of the result with its name, in the order of the table."""
    nobody = Known(open_cases=(), closed_cases=(), reports=(), deep="")
    size = Size(cases=0, telemetry_rows=0, telemetry_sorties=0, sorties=0)
    listed = {key: one.name for key, one in asks(nobody, size).items()}
    return listed | {CLOCKS: "a look at the clocks of all cases, tasks and reports"}


@cache
def _codes() -> list[str]:
    return [grid.code for grid in load_register().grids]


def street() -> str:
    """The part of the district that the street's and community's lists are of."""
    return _codes()[0][:9]


def community() -> str:
    """A community of that street."""
    return _codes()[0][:12]


def _alerts(size: Size) -> dict[str, Asked]:
    def of_sortie(what: str) -> Callable[[int], str]:
        return lambda n: _to(what, sortie=sortie_id((n * 7919) % size.sorties))

    return {
        "alerts": Asked(name="newest alerts", path=lambda n: _to("alerts")),
        "alerts_street": Asked(
            name="newest alerts of a street", path=lambda n: _to("alerts"), who="street"
        ),
        "alerts_live": Asked(
            name="alerts under observation", path=lambda n: _to("alerts", state="OBSERVING")
        ),
        "alerts_none": Asked(
            name="alerts in a state that none is in", path=lambda n: _to("alerts", state="RAISED")
        ),
        "alerts_sortie": Asked(name="alerts of a sortie", path=of_sortie("alerts")),
        "sorties": Asked(name="newest sorties", path=lambda n: _to("sorties")),
        "sorties_none": Asked(
            name="sorties in a state that none is in",
            path=lambda n: _to("sorties", state="AIRBORNE"),
        ),
        "sightings": Asked(name="newest sightings", path=lambda n: _to("sightings")),
        "sightings_street": Asked(
            name="newest sightings of a street", path=lambda n: _to("sightings"), who="street"
        ),
        "sightings_sortie": Asked(name="sightings of a sortie", path=of_sortie("sightings")),
    }


def _cases(known: Known) -> dict[str, Asked]:
    tiers, open_cases, closed = list(Tier), known.open_cases, known.closed_cases

    def queue(name: str, who: str = "district", **wanted: str) -> Asked:
        return Asked(name=name, path=lambda n: _to("cases", **wanted), who=who)

    return {
        "queue": queue("case queue by clock"),
        "queue_deep": queue("case queue, page 21", cursor=known.deep),
        "queue_street": queue("case queue of a street", "street"),
        "queue_community": queue("case queue of a community", "community"),
        "queue_tier": Asked(
            name="case queue of a street and a tier", who="street",
            path=lambda n: _to("cases", tier=tiers[n % len(tiers)].value),
        ),
        "queue_department": queue("cases that a department has a task of", "department"),
        "queue_unit": Asked(
            name="case queue of a unit", path=lambda n: _to("cases", unit=f"unit-{n % UNITS + 1}")
        ),
        "queue_late": queue("cases that are late", due_before=utc_text(NOW)),
        "closed_cases": queue("closed cases of a street", "street", is_open="false"),
        "cases_closed": queue("cases in the state that most are in", state="CLOSED"),
        "cases_ended": Asked(
            name="cases in one of two states",
            path=lambda n: _to("cases", state="CLOSED") + "&state=EVALUATED",
        ),
        "cases_none": queue("cases in a state that none is in", state="CHECKING"),
        "case": Asked(
            name="a case with all that belongs to it",
            path=lambda n: _to(f"cases/{closed[n % len(closed)]}"),
        ),
        "similar": Asked(
            name="closed cases like one",
            path=lambda n: _to(f"cases/{closed[n % len(closed)]}/similar"),
        ),
        "card": Asked(
            name="whom to call about a case",
            path=lambda n: _to(f"cases/{open_cases[n % len(open_cases)]}/card"),
        ),
    }  # fmt: skip


def _reports(known: Known) -> dict[str, Asked]:
    reports = known.reports
    return {
        "reports": Asked(name="citizens' reports", path=lambda n: _to("reports")),
        "reports_street": Asked(
            name="citizens' reports of a street", path=lambda n: _to("reports"), who="street"
        ),
        "reports_waiting": Asked(
            name="citizens' reports in a state", path=lambda n: _to("reports", state="RECEIVED")
        ),
        "matches": Asked(
            name="what lies near a report",
            path=lambda n: _to(f"reports/{reports[n % len(reports)]}/matches"),
        ),
        "tasks": Asked(name="newest tasks", path=lambda n: _to("dispatches")),
        "tasks_waiting": Asked(
            name="tasks of a department in a state",
            who="department",
            path=lambda n: _to("dispatches", state="ACCEPTED"),
        ),
        "whistles": Asked(
            name="whistles that wait", path=lambda n: _to("whistles", state="RAISED")
        ),
        "notices": Asked(name="notices", path=lambda n: _to("notices")),
        "templates": Asked(name="words that may be said", path=lambda n: _to("templates")),
    }


def _shifts() -> dict[str, Asked]:
    last = DAYS * SHIFTS_A_DAY - 1
    return {
        "shift": Asked(name="the open shift with its log", path=lambda n: _to("shift")),
        "shifts": Asked(name="shifts", path=lambda n: _to("shifts")),
        "shift_log": Asked(
            name="log of a closed shift",
            path=lambda n: _to(f"shifts/{shift_id(last - 1 - n % last)}/log"),
        ),
        "recently": Asked(
            name="what was seen of a grid of late",
            path=lambda n: _to(f"grids/{_codes()[n % len(_codes())]}/recently"),
        ),
        "coverage_debt": Asked(
            name="how long each grid has gone unseen", path=lambda n: _to("coverage/debt")
        ),
        "due": Asked(name="the patrols due today", path=lambda n: _to("patrols/due")),
        "missions": Asked(name="newest missions", path=lambda n: _to("missions")),
        "missions_grid": Asked(
            name="missions over a grid",
            path=lambda n: _to("missions", grid=_codes()[n % len(_codes())]),
        ),
    }


def _audit(known: Known) -> dict[str, Asked]:
    cases = known.closed_cases

    def of_shift(n: int) -> str:
        began = NOW - timedelta(days=n % DAYS + 1)
        return _to("audit", since=utc_text(began), until=utc_text(began + _SHIFT), limit="100")

    return {
        "audit": Asked(name="newest audit rows", path=lambda n: _to("audit")),
        "audit_shift": Asked(name="audit rows of a shift, 100", path=of_shift),
        "audit_case": Asked(
            name="audit rows of a case", path=lambda n: _to("audit", object=cases[n % len(cases)])
        ),
        "audit_actor": Asked(
            name="audit rows of a person", path=lambda n: _to("audit", actor="Xu")
        ),
        "audit_action": Asked(
            name="audit rows of a kind", path=lambda n: _to("audit", action="notice.")
        ),
        "audit_none": Asked(
            name="audit rows of a kind that there is not",
            path=lambda n: _to("audit", action="hold."),
        ),
    }


def _measures() -> dict[str, Asked]:
    def figures(what: str, name: str, since: datetime | None = None, **by: str) -> Asked:
        wanted = by | ({} if since is None else {"since": utc_text(since)})
        return Asked(name=name, path=lambda n: _to(f"measures/{what}", **wanted))

    return {
        "effects": figures("effects", "effects of words, 30 days"),
        "effects_grid": figures("effects", "effects by grid, 30 days", by="grid"),
        "precision": figures("precision", "precision of alerts by grid, 30 days"),
        "responses": figures("responses", "times of answers by grid, 30 days", by="grid"),
        "kpis": figures("kpis", "the figures of the wall, 30 days"),
        "kpis_week": figures("kpis", "the figures of the wall, 7 days", NOW - _WEEK),
    }


def _files(size: Size) -> dict[str, Asked]:
    def of_day(kind: str) -> Callable[[int], str]:
        def path(n: int) -> str:
            day = (NOW - timedelta(days=n % (DAYS - 1) + 1)).astimezone(SHANGHAI).date()
            return _to(f"days/{day.isoformat()}/files/{kind}", scope=street(), **_WHY)

        return path

    return {
        "coverage": Asked(name="coverage of a street's day", path=of_day("coverage.csv")),
        "patrol_log": Asked(name="patrol log of a street's day", path=of_day("patrols.csv")),
        "ledger": Asked(name="case ledger of a street's day", path=of_day("cases.csv")),
        "track": Asked(
            name="a sortie with its track, 2000 points",
            path=lambda n: _to(
                f"sorties/{sortie_id(n % size.telemetry_sorties)}/files/geojson", **_WHY
            ),
        ),
    }


def _to(path: str, **wanted: str) -> str:
    return f"/api/{path}?{urlencode(wanted)}" if wanted else f"/api/{path}"
