"""Story 5, not dispersed, to the grid: who stays becomes a case with an owner, a clock and a card.

Once flown with a camera by the command that people use, to the second play; and once in plain
Python at the figure of the story, to the ten minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from patrol.clock import parse_utc
from tests.flight.test_demo import demo, one
from tests.stories.conftest import Stage
from tests.stories.consoles import Console, keys_in
from tests.stories.street import GRID
from tests.wire.test_serve_command import NOBODY, config, serving

PEOPLE = 20
TEAM = ["网格员", "民警", "医生"]


@pytest.mark.flight
@pytest.mark.timeout(300)
def test_people_who_stay_through_two_plays_end_in_a_case_with_a_card(tmp_path: Path) -> None:
    # Given people who stay, and who have been spoken to twice
    code, events, errors = demo(
        tmp_path / "records",
        "--seed", "2", "--speed", "10", "--scenario", "stubborn", "--until", "filed",
    )  # fmt: skip
    assert code == 0, errors
    assert len([event for event in events if event["event"] == "announcement.played"]) == 2
    effect = one(events, "effect")
    assert effect["verdict"] == "persisting"
    assert effect["after"]["estimate"] >= 10

    # When the second play has been observed, then a case is opened, and the card of its grid
    keys = anyio.run(keys_in, tmp_path / "records", ["Xu"])
    with serving(config(tmp_path, NOBODY)) as station:
        dispatcher = Console(station.url, keys["Xu"])
        (case,) = dispatcher.get("/cases")["items"]
        assert case["case_no"] == one(events, "case.filed")["case_no"]
        card = dispatcher.get(f"/cases/{case['case_no']}/card")
    is_a_case_of_the_community(case, case["grid_code"])
    is_a_card_to_call_by(card, case)


@pytest.mark.anyio
async def test_twenty_people_after_ten_minutes_are_a_case_of_the_community(stage: Stage) -> None:
    street, cast = stage.street, stage.cast
    # Given the alert is PERSISTING with 20 people
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(PEOPLE, 60.0)
    (raised,) = street.told("alert.raised")
    alert = f"/alerts/{raised['alert']}"
    await cast["Wei"].does(f"{alert}/acknowledge")
    await cast["Lin"].does(f"{alert}/announce", template="T01")
    await street.settled(lambda: street.told("announcement.played"))

    # When OBSERVING reaches its 10 minutes
    await street.sees(PEOPLE, 590.0)
    assert not street.told("case.filed")
    await street.sees(PEOPLE, 20.0)
    assert [one.outcome_reason for one in street.alerts if one.outcome] != []
    assert street.told("effect")[0]["verdict"] == "persisting"

    # Then a case is opened at the community's middle grid with owner and due time
    (listed,) = (await cast["Guo"].looks("/cases"))["items"]
    thread = await cast["Guo"].looks(f"/cases/{listed['case_no']}")
    is_a_case_of_the_community(thread["case"], GRID)
    assert thread["alert"]["alert_id"] == raised["alert"]
    assert thread["announcements"][0]["text_zh"] == "疫情期间请不要聚集!请各位快速散开!"

    # and the contact card of that grid opens, with words to paste for its group
    card = await cast["Guo"].looks(f"/cases/{listed['case_no']}/card")
    is_a_card_to_call_by(card, thread["case"])
    assert card["team"][0]["person"] == "演练网格员达濠社区"
    assert "达濠社区居民群" in card["paste_zh"]
    assert f"约{PEOPLE}人" in card["paste_zh"]


def is_a_case_of_the_community(case: dict[str, Any], grid_code: str) -> None:
    """Ordinary, at the middle grid, with somebody who answers for it and a time."""
    assert (case["severity"], case["tier"], case["state"]) == ("ORDINARY", "MIDDLE", "DISPATCHED")
    assert case["owner"]["code"] == grid_code[:12]
    assert case["owner"]["unit"]
    assert case["owner"]["person"]
    assert parse_utc(case["filed_utc"]) < parse_utc(case["due_utc"])


def is_a_card_to_call_by(card: dict[str, Any], case: dict[str, Any]) -> None:
    """Grid worker, police and doctor, each with a telephone; and words for the grid's group."""
    assert [member["kind_zh"] for member in card["team"]] == TEAM
    assert all(member["person"] and member["phone"] for member in card["team"])
    assert card["lacking"] == []
    assert case["case_no"] in card["paste_zh"]
    assert case["owner"]["unit"] in card["paste_zh"]
    assert "【演练】" in card["paste_zh"]
