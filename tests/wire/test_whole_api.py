"""Every operation of the description is done once; whoever looked is in the audit log."""

from __future__ import annotations

from itertools import count
from typing import Any

import anyio
import httpx
import pytest

from patrol.cause import Role
from tests.browsers import Browser
from tests.contract import contract_of
from tests.full_house import Ids, fill
from tests.wire.test_sign_in import made, told
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]
PURPOSE = "the test"
KINDS = {
    "/api/plans/{plan_id}/files/{kind}": "kml",
    "/api/sorties/{sortie_id}/files/{kind}": "geojson",
    "/api/days/{day}/files/{kind}": "cases.csv",
    "/api/plans/{plan_id}/application/{kind}": "csv",
}
# Views of nobody's records, and of oneself.
NO_RECORD = {
    "/api/health": "tells nothing but that the process answers",
    "/api/ready": "tells nothing but whether the station can do its work",
    "/api/session/door": "the sign-in page, before anybody is known",
    "/api/session": "who oneself is",
    "/api/items": "the list of kinds of cases, the same for everybody; it names no case",
}
AT_A_SHARED_CONSOLE = "/api/session/crew"
LOOKS = ("view.", "export", "audit.read")


async def _stopped() -> None:
    return None


@pytest.fixture
async def ids(house: House) -> Ids:
    house.speaker.stop = _stopped  # type: ignore[method-assign]  # one that can be reached
    house.pictures.jpeg = b"\xff\xd8jpeg"
    contract_of(house.app).reached.clear()
    return await fill(house)


def address(path: str, ids: Ids) -> str:
    """A road with true ids."""
    if path in KINDS:
        path = path.replace("{kind}", KINDS[path])
    for name, values in ids.items():
        path = path.replace(f"{{{name}}}", values[0])
    return path


async def first_of(client: httpx.AsyncClient, path: str) -> int:
    """The status of what is there; of a stream without an end once its first line has come."""
    if path == "/api/events":
        async with client.stream("GET", path) as lines:
            with anyio.fail_after(5.0):
                await anext(lines.aiter_lines())
            return lines.status_code
    return (await client.get(path, params={"purpose": PURPOSE})).status_code


async def test_every_operation_is_done_and_every_view_leaves_a_row_with_a_name(
    house: House, ids: Ids
) -> None:
    contract, numbers = contract_of(house.app), count(1)
    without: dict[str, Any] = {}
    for method, path, _ in contract.operations():
        if method != "get" or path == AT_A_SHARED_CONSOLE:
            continue
        name = f"Viewer{next(numbers)}"
        viewer = house.client(await house.let_in(name))
        assert await first_of(viewer, address(path, ids)) == 200, path
        rows = [row for row in await told(house, "") if row[1] == name]
        if not any(action.startswith(LOOKS) for action, _, _ in rows):
            without[path] = rows
    assert set(without) == set(NO_RECORD), without
    done = {(method, path) for method, path, status in contract.reached if 200 <= status < 300}
    assert {(method, path) for method, path, _ in contract.operations()} == done


async def test_who_asks_who_could_sit_down_is_in_the_audit_log(house: House) -> None:
    laptop = Browser(house)
    await laptop.enter("huang", await made(house, "huang", "Huang", Role.PILOT), is_shared=True)
    await laptop.sign_in("huang", is_shared=True)
    assert (await laptop.http.get(AT_A_SHARED_CONSOLE)).status_code == 200
    assert ("view.crew", "Huang", "") in await told(house, "view.")


@pytest.mark.parametrize("purpose", [None, "", "  "])
async def test_a_still_view_without_a_purpose_is_not_shown_and_asked_for_in_both_languages(
    house: House, purpose: str | None
) -> None:
    house.pictures.jpeg = b"\xff\xd8jpeg"
    params = {} if purpose is None else {"purpose": purpose}
    answer = await house.http.get("/api/picture/cam-1.jpg", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "purpose" in answer.json()["error"]
    assert "用途" in answer.json()["error_zh"]
    assert await told(house, "view.picture") == []


async def test_a_still_view_is_kept_with_its_name_and_its_purpose(house: House) -> None:
    house.pictures.jpeg = b"\xff\xd8jpeg"
    looks = {"purpose": "is it a crowd?"}
    assert (await house.http.get("/api/picture/cam-1.jpg", params=looks)).content
    rows = (await house.http.get("/api/audit", params={"action": "view.picture"})).json()["items"]
    assert [(row["actor"], row["object"], row["body"]["purpose"]) for row in rows] == [
        ("Wu", "cam-1", "is it a crowd?")
    ]
