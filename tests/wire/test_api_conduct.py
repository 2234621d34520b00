"""How the API behaves whatever is asked: problems, replays, tags, sizes, health."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from sqlalchemy import update
from websockets.asyncio.client import connect

from ground_station.api.replays import Replays
from ground_station.casework.intake import IntakeDesk
from ground_station.store import tables
from patrol.errors import StoreUnavailable
from tests.wire.test_centre_api import WORDS, a_filed_case, ok
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def take(house: House, key: str, **changes: Any) -> Any:  # noqa: ANN401
    body = {"role": "DISP", **WORDS, **changes}
    return await house.http.post("/api/reports", json=body, headers=keyed(key))


async def test_every_no_is_a_problem_in_both_languages(house: House) -> None:
    nobody = house.client()
    for answer, status in (
        (await house.http.get("/api/cases/HJ0"), 404),
        (await house.http.get("/api/nowhere"), 404),
        (await house.post("/reports", "DISP", text="x"), 422),
        (await house.post("/shift/sign-in", "PILOT"), 404),
        (await house.http.get("/api/cases", params={"cursor": "x"}), 409),
        (await nobody.get("/api/cases"), 401),
        (await house.http.put("/api/cases"), 405),
        (await house.http.get("/api/contacts/nowhere"), 400),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == status
        assert body["title"]
        assert body["detail"] == body["error"]
        assert body["error_zh"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_command_sent_twice_under_one_key_is_done_once(house: House) -> None:
    first, again = await take(house, "k-1"), await take(house, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await ok(await house.http.get("/api/reports")))["items"]) == 1


async def test_a_key_belongs_to_one_request_of_one_caller(house: House) -> None:
    await take(house, "k-1")
    other = await take(house, "k-1", text="something else")
    assert other.status_code == 422
    assert other.json()["type"] == "key_reused"
    guest = house.client(await house.let_in("Xu"))
    theirs = await guest.post("/api/reports", json=WORDS, headers=keyed("k-1"))
    assert theirs.status_code == 201
    assert "idempotent-replayed" not in theirs.headers


async def test_a_kept_answer_is_for_those_who_are_in_and_told_as_any_other(house: House) -> None:
    headers = await house.let_in("Xu")
    guest = house.client(headers)
    first = await guest.post("/api/reports", json=WORDS, headers=keyed("k-5"))
    again = await guest.post("/api/reports", json=WORDS, headers=keyed("k-5"))
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("content-security-policy", "x-content-type-options", "cache-control"):
        assert again.headers[name] == first.headers[name]
    await house.book.set_disabled("xu", is_disabled=True)
    shut_out = await guest.post("/api/reports", json=WORDS, headers=keyed("k-5"))
    assert shut_out.status_code == 401


async def test_a_stranger_with_a_key_leaves_nothing_on_the_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    async def begin(_: Replays, name: str, __: str) -> None:
        begun.append(name)

    monkeypatch.setattr(Replays, "_begin", begin)
    asked = {**keyed("k-6"), "X-GridPatrol": "console"}
    refused = await house.client().post("/api/reports", json=WORDS, headers=asked)
    assert (refused.status_code, begun) == (401, [])


async def test_of_two_at_once_under_one_key_one_is_told_that_it_is_being_done(
    house: House,
) -> None:
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await take(house, "k-2"))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ask)
    assert len((await ok(await house.http.get("/api/reports")))["items"]) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("idempotent-replayed" not in a.headers for a in answers if a.is_success) == 1


async def test_a_refusal_is_not_kept_because_it_has_changed_nothing(house: House) -> None:
    asked = {"role": "PILOT"}
    for _ in range(2):
        refused = await house.http.post("/api/shift/sign-in", json=asked, headers=keyed("k-3"))
        assert refused.json()["error"] == "no shift is open"
    await ok(await house.post("/shift", "LEAD"), 201)
    done = await house.http.post("/api/shift/sign-in", json=asked, headers=keyed("k-3"))
    assert done.status_code == 200


async def test_what_was_written_before_a_fault_is_not_written_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object, __: str) -> list[Any]:
        raise StoreUnavailable("the disk is away", text_zh="磁盘不可用")

    monkeypatch.setattr(IntakeDesk, "matches", away)
    first, again = await take(house, "k-9"), await take(house, "k-9")
    assert (first.status_code, again.status_code) == (503, 409)
    assert again.json()["type"] == "outcome_unknown"
    assert len((await ok(await house.http.get("/api/reports")))["items"]) == 1


async def test_after_a_crash_in_the_middle_nobody_pretends_to_know(house: House) -> None:
    await take(house, "k-4")
    await house.records._store.write(lambda c: c.execute(update(tables.replays).values(status=0)))
    answer = await take(house, "k-4")
    assert answer.status_code == 409
    assert answer.json()["type"] == "outcome_unknown"
    assert len((await ok(await house.http.get("/api/reports")))["items"]) == 1


async def test_what_has_not_changed_is_not_sent_again(house: House) -> None:
    _, case_no = await a_filed_case(house)
    first = await house.http.get(f"/api/cases/{case_no}")
    tag = first.headers["etag"]
    same = await house.http.get(f"/api/cases/{case_no}", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    await ok(await house.post(f"/cases/{case_no}/steps/accept", "COMM"))
    changed = await house.http.get(f"/api/cases/{case_no}", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_huge_body_is_refused_before_it_is_read(house: House) -> None:
    async def endless() -> Any:  # noqa: ANN401
        for _ in range(40):
            yield b" " * 65536

    answer = await house.http.post("/api/reports", content=endless())
    assert answer.status_code == 413
    assert answer.json()["type"] == "too_large"
    host, port = house.web.url.removeprefix("http://").split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(
            f"POST /api/reports HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Length: {1 << 30}\r\n\r\n".encode()
        )
        with anyio.fail_after(5.0):
            assert b" 413 " in await stream.receive()


async def test_text_with_a_nul_is_refused_wherever_it_stands(house: House) -> None:
    asked = [
        await house.http.get("/api/cases?unit=a%00b"),
        await house.http.get("/api/cases/HJ%00"),
        await house.http.post("/api/shift/note", json={"role": "PILOT", "text": "a\0b"}),
    ]
    for answer in asked:
        assert (answer.status_code, answer.json()["type"]) == (422, "wrong_input")
        assert "NUL" in answer.json()["error_zh"]
    # Somebody who writes about it, with a backslash, is understood.
    plain = await house.http.post("/api/shift/note", json={"role": "PILOT", "text": "a\\u0000b"})
    assert plain.status_code == 404  # no shift is open


async def test_whoever_watches_the_station_sees_whether_it_can_do_its_work(house: House) -> None:
    watcher = house.client()
    assert (await watcher.get("/api/health")).json() == {"status": "ok"}
    ready = await watcher.get("/api/ready")
    assert (ready.status_code, ready.json()["checks"]["records"]) == (200, "ok")


async def test_the_live_state_has_its_documented_road(house: House) -> None:
    url = house.web.url.replace("http", "ws") + "/ws/live"
    headers = await house.let_in("Li")
    async with connect(url, additional_headers=headers) as socket:
        first = json.loads(await socket.recv())
    assert first["type"] == "state"


async def test_every_road_documents_its_errors(house: House) -> None:
    schema = (await house.http.get("/api/openapi.json")).json()
    assert {"Problem", "LiveMessage"} <= set(schema["components"]["schemas"])
    for path, methods in schema["paths"].items():
        if path in ("/api/health", "/api/ready"):
            continue
        for method, road in methods.items():
            assert {"401", "403", "404", "409", "422", "503"} <= set(road["responses"]), (
                method, path,
            )  # fmt: skip
