"""The description of the API says what is answered: every body, header and live message.

That each single answer is as it says is checked by the clients of the houses in every test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast, get_type_hints

import anyio
import httpx
import pytest

from ground_station.client import answers
from ground_station.people.door import CONSOLE_HEADER
from tests.contract import Contract, contract_of
from tests.wire.test_centre_api import WORDS, a_filed_case
from tests.wire.test_web_api import ALERT, House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
# Where any key may stand, and why nothing more can be said.
OPEN = {
    "Event": "each event has fields of its own beside the five that all have",
    "AuditRow.body": "each action tells what it has to tell",
    "AreaProperties": "a register file is handed on as it was read",
    "Geometry.coordinates[]": "numbers nested by the type of the geometry (RFC 7946)",
    "application/json.mission": "QGroundControl describes its own plan files",
    "application/geo+json.features[]": "RFC 7946 describes them",
}


@pytest.fixture
def contract(house: House) -> Contract:
    return contract_of(house.app)


def bare(document: Json, schema: Json, where: str, seen: frozenset[str]) -> Iterator[str]:
    """Every place of a schema at which anything may stand."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in seen:
            yield from bare(document, document["components"]["schemas"][name], name, seen | {name})
        return
    inner = schema.get("additionalProperties")
    is_shaped = bool(schema.get("properties")) or isinstance(inner, dict)
    is_open = inner is True or (schema.get("type") == "object" and not is_shaped)
    if is_open or not schema or (schema.get("type") == "array" and "items" not in schema):
        yield where
    for key, value in schema.get("properties", {}).items():
        yield from bare(document, value, f"{where}.{key}", seen)
    if isinstance(inner, dict):
        yield from bare(document, inner, f"{where}.*", seen)
    if "items" in schema:
        yield from bare(document, schema["items"], f"{where}[]", seen)
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, []):
            yield from bare(document, one, where, seen)


async def test_no_answer_is_described_as_an_object_of_any_keys(
    contract: Contract, house: House
) -> None:
    document, found = house.app.openapi(), set()
    for _, _, road in contract.operations():
        done = {status: one for status, one in road["responses"].items() if status[0] == "2"}
        assert done
        for status, answer in done.items():
            assert answer.get("content") or status == "204"
    for roads in document["paths"].values():
        for road in roads.values():
            for answer in road["responses"].values():
                for kind, content in answer.get("content", {}).items():
                    found |= set(bare(document, content["schema"], kind, frozenset()))
    live = {"$ref": "#/components/schemas/LiveMessage"}
    found |= set(bare(document, live, "live", frozenset()))
    assert found == set(OPEN)


async def test_who_is_let_in_is_described_for_every_road(contract: Contract) -> None:
    token: Json = {"token": []}
    session: Json = {"session": []}
    schemes = contract.document["components"]["securitySchemes"]
    assert schemes["page"]["name"] == CONSOLE_HEADER
    for method, path, road in contract.operations():
        if path.startswith("/api/session") or path in ("/api/health", "/api/ready"):
            continue
        kept = session if method == "get" else session | {"page": []}
        assert road["security"] == [kept, token], (method, path)
    for method, path, security in (
        ("get", "/api/health", []), ("get", "/api/session/door", []),
        ("post", "/api/session", [{"page": []}]), ("get", "/api/session", [session, token]),
        ("get", "/api/session/crew", [session]),
    ):  # fmt: skip
        assert contract.document["paths"][path][method]["security"] == security


async def test_roads_that_need_nobody_are_those_without_security(
    contract: Contract, house: House
) -> None:
    stranger = house.client()
    for method, path, road in contract.operations():
        if method == "get" and "{" not in path:
            answer = await stranger.get(path)
            assert (answer.status_code == 401) is bool(road["security"]), path


async def test_replays_and_tags_are_described_where_they_are(contract: Contract) -> None:
    for method, path, road in contract.operations():
        asked = {one["name"] for one in road.get("parameters", []) if one["in"] == "header"}
        assert ("Idempotency-Key" in asked) is (method == "post"), path
        is_json = "application/json" in road["responses"].get("200", {}).get("content", {})
        is_tagged = method == "get" and is_json
        assert is_tagged <= ("If-None-Match" in asked), path
        assert ("304" in road["responses"]) is ("If-None-Match" in asked), path


async def test_what_is_replayed_unchanged_or_put_off_says_so_in_headers_that_are_described(
    contract: Contract, house: House
) -> None:
    key = {"Idempotency-Key": "k-1"}
    for _ in range(2):
        again = await house.http.post("/api/reports", json={"role": "DISP", **WORDS}, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    first = await house.http.get("/api/items")
    same = await house.http.get("/api/items", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.headers["ETag"]) == (304, first.headers["ETag"])
    guest = house.client({CONSOLE_HEADER: "console"})
    house.people.sign_in._limit._most = 1
    for _ in range(2):
        tried = await guest.post("/api/session/link", json={"key": "no"})
    assert int(tried.headers["Retry-After"]) == tried.json()["retry_after_s"] > 0
    done = contract.document["paths"]["/api/reports"]["post"]["responses"]["201"]
    assert "Idempotent-Replayed" in done["headers"]


async def test_an_answer_that_is_not_described_does_not_pass(contract: Contract) -> None:
    request = httpx.Request("GET", "http://station/api/health")
    await contract.check(httpx.Response(200, json={"status": "ok"}, request=request))
    for wrong in (
        httpx.Response(200, json={"status": "ok", "more": 1}, request=request),
        httpx.Response(200, json={}, request=request),
        httpx.Response(418, json={"status": "ok"}, request=request),
        httpx.Response(200, json={"status": "ok"}, headers={"X-More": "1"}, request=request),
        httpx.Response(200, text="ok", request=request),
    ):
        with pytest.raises(AssertionError):
            await contract.check(wrong)


async def test_true_live_messages_are_as_they_are_described(
    contract: Contract, house: House
) -> None:
    kinds: list[str] = []
    async with house.connect(house.live_url.replace("/api/", "/ws/")) as socket:
        await house.has_alert()
        assert house.crowd.watch is not None
        house.crowd.show_alerts(house.crowd.watch)
        await a_filed_case(house)
        await house.post(f"/alerts/{ALERT}/acknowledge", "OPER")
        while not {"patch", "event"} <= set(kinds):
            message = await received(socket)
            contract.check_message(message)
            kinds.append(message["type"])
    assert kinds[0] == "state"
    with pytest.raises(AssertionError):
        contract.check_message({"type": "patch", "since": 0, "seq": 1, "patch": {"weather": 1}})


async def test_the_client_reads_no_key_that_is_not_described(house: House) -> None:
    schemas = house.app.openapi()["components"]["schemas"]
    named = {
        "Case": "WholeCase", "Dispatch": "DispatchView", "Thread": "Thread", "Report": "ReportView",
        "Shift": "ShiftView", "TemplateText": "TemplateView", "Event": "Event",
    }  # fmt: skip
    own = {
        name for name, kind in vars(answers).items()
        if isinstance(kind, type) and kind.__module__ == answers.__name__
    }  # fmt: skip
    assert own == set(named)
    for name, schema in named.items():
        keys = set(get_type_hints(cast("type[Any]", getattr(answers, name))))
        told = schemas[schema]
        assert keys <= set(told["properties"]) or told.get("additionalProperties"), name


async def test_the_description_itself_is_served_with_a_tag(house: House) -> None:
    with anyio.fail_after(10.0):
        served = await house.http.get("/api/openapi.json")
    assert served.headers["ETag"]
    assert json.loads(served.content)["components"]["schemas"]["LiveMessage"]["discriminator"]
