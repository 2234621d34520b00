"""The Python client at a real station: roads, refusals, lost answers, tags, pages, the socket."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.client import StationClient, StationRefused
from ground_station.client.live import patched
from ground_station.shown import StationView
from patrol.cause import Role
from patrol.errors import Transient
from tests.agents import Link
from tests.persons import with_token
from tests.wire.test_centre_api import AT, WORDS
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
Keys = st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3)
States = st.fixed_dictionaries(
    {"units": st.dictionaries(st.sampled_from(["GP-1", "GP-2"]), Keys, max_size=2)}, optional={}
)


async def a_client(house: House, url: str = "", **who: Any) -> StationClient:  # noqa: ANN401
    token = await with_token(house.book, who.pop("name", "Wu"), **who)
    client = StationClient(url or house.web.url, token=token)
    house.clients.append(client.http._http)
    return client


async def test_a_report_becomes_a_case_and_is_found_page_by_page(house: House) -> None:
    client = await a_client(house)
    numbers = []
    for _ in range(3):
        report = await client.take_report(Role.DISPATCHER, **WORDS)
        case = await client.open_case(report["report_id"])
        for event in ("verify", "file"):
            case = await client.step(case["case_no"], event, Role.DISPATCHER)
        numbers.append(case["case_no"])
    assert [case["case_no"] async for case in client.cases(limit=2)] == numbers
    sent = await client.dispatch(numbers[0], "440512D01", "请核实")
    thread = await client.case(numbers[0])
    assert thread["dispatches"][0]["dispatch_id"] == sent["dispatch_id"]
    assert thread["case"]["case_no"] == numbers[0]


async def test_a_refusal_has_its_status_its_type_and_its_findings(house: House) -> None:
    await house.has_alert()
    client = await a_client(house)
    await client.acknowledge(ALERT)
    house.clock.now_s += 13 * 3600.0
    with pytest.raises(StationRefused) as night:
        await client.announce(ALERT, "T01")
    assert (night.value.status, night.value.type) == (409, "announcement_blocked")
    assert "release.night" in {finding["code"] for finding in night.value.findings}
    assert night.value.text_zh
    with pytest.raises(StationRefused) as unknown:
        await client.case("HJ0")
    assert (unknown.value.status, unknown.value.type) == (404, "unknown")
    nobody = StationClient(house.web.url)
    house.clients.append(nobody.http._http)
    with pytest.raises(StationRefused) as out:
        await nobody.state()
    assert (out.value.status, out.value.type) == (401, "not_signed_in")


async def test_a_command_whose_answer_is_lost_is_done_once(house: House) -> None:
    link = Link(int(house.web.url.rsplit(":", 1)[1]))
    async with anyio.create_task_group() as group:
        await group.start(link.run)
        client = await a_client(house, f"http://127.0.0.1:{link.port}")
        link.lose_answer_to = b"POST /api/reports"
        report = await client.take_report(text="很多人", kind="GATHERING", place=AT)
        assert not link.lose_answer_to
        kept = await client.get("/api/reports")
        assert [one["report_id"] for one in kept["items"]] == [report["report_id"]]
        group.cancel_scope.cancel()


async def test_a_station_that_is_away_is_told_apart_from_one_that_says_no() -> None:
    async with StationClient("http://127.0.0.1:9", token="x") as client:  # noqa: S106
        with pytest.raises(Transient, match="does not answer"):
            await client.state()


async def test_what_has_not_changed_comes_from_the_client_itself(house: House) -> None:
    client = await a_client(house)
    first, again = await client.templates(), await client.templates()
    assert first == again
    assert client.http.unchanged_count == 1
    for name in ("one", "two"):
        station: StationView = {"name": name, "is_exercise": True, "version": ""}
        house.board.set(station=station)
        assert (await client.state())["station"] == station


async def test_the_live_state_goes_on_behind_its_place_when_the_line_breaks(house: House) -> None:
    link = Link(int(house.web.url.rsplit(":", 1)[1]))
    async with anyio.create_task_group() as group:
        await group.start(link.run)
        client = await a_client(house, f"http://127.0.0.1:{link.port}")
        house.board.set(cases=[])
        async with aclosing(client.live()) as live:
            first = await anext(live)
            assert (first.is_whole, first.state["cases"]) == (True, [])
            await link.cut()
            house.board.set(cases=[{"case_no": "HJ1"}])
            await house.has_alert()
            with anyio.fail_after(10.0):
                seen = await anext(live)
                while not seen.state["cases"]:
                    seen = await anext(live)
            assert not seen.is_whole
            await link.cut()
            house.board.run = "another run"
            with anyio.fail_after(10.0):
                seen = await anext(live)
            assert seen.is_whole
        group.cancel_scope.cancel()


async def test_a_reader_who_is_shut_out_is_told_and_does_not_come_back(house: House) -> None:
    client = await a_client(house, name="Li", roles=(Role.LEADER,))
    async with aclosing(client.live()) as live:
        assert (await anext(live)).is_whole
        await house.book.set_disabled("li", is_disabled=True)
        with pytest.raises(StationRefused) as out, anyio.fail_after(5.0):
            await anext(live)
    assert out.value.status == 401


async def test_the_story_is_read_as_it_is_told(house: House) -> None:
    client = await a_client(house)
    await house.has_alert()
    await client.acknowledge(ALERT)
    async with aclosing(client.events()) as events:
        with anyio.fail_after(5.0):
            assert (await anext(events))["event"] == "alert.acknowledged"


@given(state=States, patch=States)
def test_a_patch_replaces_keys_of_an_aircraft_and_leaves_the_others(
    state: dict[str, Any], patch: dict[str, Any]
) -> None:
    before = repr(state)
    after = patched(state, patch)
    for name, keys in state["units"].items():
        assert after["units"][name] == keys | patch["units"].get(name, {})
    assert set(after["units"]) == set(state["units"]) | set(patch["units"])
    assert repr(state) == before
