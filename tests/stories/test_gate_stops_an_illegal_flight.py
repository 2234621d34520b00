"""Story 2, a gate stops an illegal flight: red means refused, with the way out, and nothing arms.

The clearance refuses what the law wants a permit for; the plan's checks stand before it, the
pre-flight behind it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patrol.clock import SHANGHAI, parse_utc
from patrol.geo import offset
from patrol.vehicle import Arm, TakeOff
from tests.fakes import GOOD_FACTS, GOOD_PARAMETERS
from tests.papers import write_papers
from tests.stories.conftest import Stage, staged
from tests.stories.persons import Person
from tests.stories.street import AIRCRAFT, GRID

pytestmark = pytest.mark.anyio
REFUSAL = "条例第31条第2款(一)：需飞行活动申请，截止前一日12:00"


async def test_public_4g_without_a_permit_is_refused_with_the_article_and_the_sheet_offered(
    tmp_path: Path,
) -> None:
    # Given link = public 4G and no permit
    papers = write_papers(tmp_path / "unit.toml", aircraft={"link": "public-network"})
    async with staged(tmp_path, papers_file=papers) as stage:
        cast = stage.cast
        made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
        plan_id = made["plan"]["plan_id"]

        # When the leader presses "clear"
        refused = await cast["Zheng"].tries(f"/plans/{plan_id}/approve", digest=made["digest"])

        # Then it is refused with that sentence
        assert refused.status_code == 409
        body = refused.json()
        assert body["type"] == "clearance_refused"
        assert [one["text_zh"] for one in body["findings"]] == [REFUSAL]
        assert body["findings"][0]["article"].endswith("第三十一条第二款第一项")
        assert REFUSAL in body["error_zh"]

        # and the application sheet is offered
        table = await cast["Zheng"].looks(f"/plans/{plan_id}/clearance")
        await _offers_the_sheet(cast["Zheng"], table)

        # and nothing can arm
        for name in ("Hong", "Zheng", "Lin", "Chen"):
            launch = await cast[name].tries("/sorties", plan_id=plan_id)
            assert launch.status_code in (403, 409), name
        assert not armed(stage)


async def _offers_the_sheet(leader: Person, table: dict[str, Any]) -> None:
    assert not table["is_cleared"]
    assert table["is_permit_needed"]
    (relay,) = [one for one in table["answers"] if one["is_yes"]]
    assert (relay["rule_id"], relay["outcome"]) == ("art31.relay", "stop")
    (apply,) = [one for one in table["deadlines"] if one["deadline_id"] == "apply"]
    due, takeoff = (parse_utc(one).astimezone(SHANGHAI) for one in (
        apply["due_utc"], table["takeoff_utc"]))  # fmt: skip
    assert (due.hour, due.minute) == (12, 0)
    assert (takeoff.date() - due.date()).days == 1
    for kind, begins in (("pdf", b"%PDF-"), ("csv", b"\xef\xbb\xbf")):
        road = table["application"][kind].removeprefix("/api")
        sheet = await leader.takes(road, purpose="apply for the flight")
        assert sheet.startswith(begins)


async def test_a_plan_that_may_not_be_flown_is_refused_its_name_and_nothing_can_arm(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    # Given a flight that may not be: the aircraft stands so far off that its battery cannot last
    far = offset(street.home, east_m=4000.0, north_m=0.0)
    street.vehicle._sample = replace(street.vehicle._sample, home=far, position=far)

    # When the leader presses clear
    made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
    plan_id = made["plan"]["plan_id"]
    refused = await cast["Zheng"].tries(f"/plans/{plan_id}/approve", digest=made["digest"])

    # Then it is refused with the reason in both languages
    assert refused.status_code == 409
    stopping = refused.json()["findings"]
    assert stopping
    assert all(one["level"] == "stop" and one["text"] and one["text_zh"] for one in stopping)

    # and nothing can arm
    for name in ("Hong", "Zheng", "Lin", "Chen"):
        launch = await cast[name].tries("/sorties", plan_id=plan_id)
        assert launch.status_code in (403, 409), name
    assert not armed(stage)


async def test_a_red_gate_at_the_aircraft_stops_a_plan_that_was_approved(stage: Stage) -> None:
    street, cast = stage.street, stage.cast
    # Given an aircraft that would do nothing when its link is lost
    street.vehicle.facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"NAV_DLL_ACT": 0.0})
    made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
    plan_id = made["plan"]["plan_id"]
    await cast["Zheng"].does(f"/plans/{plan_id}/approve", digest=made["digest"])

    # When the pilot starts, once and once more
    for times in (1, 2):
        await cast["Hong"].does("/sorties", plan_id=plan_id)
        await street.until(lambda times=times: len(street.told("sortie.aborted")) == times)  # type: ignore[misc]

    # Then it is refused each time with the gate, and what to do about it is offered
    for told in street.told("sortie.aborted"):
        red = [one for one in told["findings"] if one["level"] == "stop"]
        assert [one["code"] for one in red] == ["failsafe.off"]
        assert red[0]["text_zh"]
        assert red[0]["hint"]

    # and nothing armed
    assert not armed(stage)


def armed(stage: Stage) -> bool:
    """Whether the aircraft was ever asked to."""
    return any(isinstance(one, Arm | TakeOff) for one in stage.street.vehicle.commands)
