"""Story 8, no form twice: what was seen is shown before it is flown again, and typed nowhere."""

from __future__ import annotations

import csv
import io

import pytest

from ground_station.people.scopes import DISTRICT
from tests.stories.conftest import Stage
from tests.stories.persons import COMMUNITY, STREET, Person
from tests.stories.street import GRID
from tests.two_aircraft import REGISTER

pytestmark = pytest.mark.anyio
DAY = "2026-11-24"
FORTY_MINUTES_S = 2400.0


async def test_a_grid_of_forty_minutes_ago_is_shown_first_and_one_log_is_read_at_every_level(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    # Given a grid was patrolled 40 minutes ago with a valid result
    await cast["Hong"].does("/shift", role="PILOT", squad="一队")
    await cast["Chen"].does("/shift/sign-in", role="REG")
    sortie = await street.patrol(cast["Zheng"], cast["Hong"])
    await street.flown_whole()
    street.clock.go_on(FORTY_MINUTES_S)

    # When another team plans it
    made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft="GP-2")

    # Then the earlier result is shown first
    earlier = made["recently"]
    assert (earlier["sortie_id"], earlier["is_whole"]) == (sortie, True)
    assert round(earlier["minutes_ago"]) == 40
    assert (earlier["alerts"], earlier["cases"]) == (0, [])
    told = await cast["Guo"].looks(f"/grids/{GRID}/recently")
    assert told["checked"]["sortie_id"] == sortie

    # and at day end the street, community and centre open the same log at their own level
    for name, role in (("Hong", "PILOT"), ("Chen", "REG")):
        await cast[name].does(f"/sorties/{sortie}/sign", role=role)
        await cast[name].does("/shift/sign", role=role)
    closed = await cast["Chen"].does("/shift/close")
    levels = (("Guo", COMMUNITY), ("Su", STREET), ("Xu", DISTRICT))
    logs = [await table(cast[name], scope, "patrols.csv") for name, scope in levels]
    assert [log[0]["架次"] for log in logs] == [sortie] * 3
    assert logs[0] == logs[1] == logs[2]
    shift = f"/shifts/{closed['shift_id']}/log"
    read = [await cast[name].looks(shift) for name, _ in levels]
    assert {log["sha256"] for log in read} == {closed["log"]["sha256"]}
    assert [log["visited_grids"] for log in read] == [[GRID]] * 3

    # no one re-types a figure
    assert closed["log"]["remarks"] == []
    assert closed["log"]["visited_grids"] == [GRID]
    assert logs[0][0]["航线完成率"] == "100%"

    # and unvisited grids are listed
    for name, scope in levels:
        grids = {grid.code for grid in REGISTER.grids if grid.code.startswith(scope)}
        rows = await table(cast[name], scope, "coverage.csv")
        assert {row["网格编码"] for row in rows} == grids
        unseen = {row["网格编码"] for row in rows if row["巡查情况"] == "未巡查"}
        assert unseen == grids - {GRID}


async def table(person: Person, scope: str, name: str) -> list[dict[str, str]]:
    """A day's table as a spreadsheet reads it, by its headings; an exercise says so first."""
    content = await person.takes(f"/days/{DAY}/files/{name}", scope=scope, purpose="day end")
    text = content.decode("utf-8-sig")
    head, rest = text.split("\n", 1) if text.startswith("演练") else ("", text)
    assert head, "an exercise says so"
    return list(csv.DictReader(io.StringIO(rest)))
