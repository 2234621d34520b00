"""Coming in by password: what it opens, what it refuses, and what the audit log keeps of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from ground_station.people.errors import DoorRefused
from ground_station.people.parts import make_people
from ground_station.people.persons import Grant
from ground_station.people.tables import persons, sessions
from ground_station.store import tables
from patrol.cause import Role
from patrol.errors import StoreUnavailable
from tests.browsers import Browser
from tests.persons import LAX, PASSWORD
from tests.wire.test_web_api import ALERT, House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OPEN_TO_ALL = {
    ("GET", "/api/session/door"),
    ("POST", "/api/session"),
    ("POST", "/api/session/link"),
    ("GET", "/api/health"),
    ("GET", "/api/ready"),
}
SQUAD = (Role.PILOT, Role.ANNOUNCER, Role.OPERATOR)


@pytest.fixture
def browser(house: House) -> Browser:
    return Browser(house)


async def made(house: House, login: str, name: str, *roles: Role) -> str:
    """A person; the first password."""
    return await house.book.add(login, name, [Grant(role=role) for role in roles])


async def told(house: House, start: str) -> list[tuple[str, str, str]]:
    """Action, actor and object of the audit rows that begin so."""
    table = tables.audit.c
    query = select(table.action, table.actor, table.object).order_by(table.seq)
    rows = await house.book.store.read(lambda c: c.execute(query).all())
    return [tuple(row) for row in rows if row[0].startswith(start)]


async def test_whatever_the_api_has_but_its_entrance_is_shut_to_strangers(house: House) -> None:
    asked, stranger = 0, house.client()
    for path, methods in house.app.openapi()["paths"].items():
        for method in methods:
            if (method.upper(), path) in OPEN_TO_ALL:
                continue
            answer = await stranger.request(
                method, path, json={}, headers={"X-GridPatrol": "console"}
            )
            asked += 1
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.json()["error_zh"] == "请先登录"
    assert asked >= 20


async def test_a_socket_of_a_stranger_is_closed_before_it_says_anything(house: House) -> None:
    for url in (house.live_url, house.video_url):
        async with connect(url) as socket:
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


async def test_the_first_password_opens_nothing_but_the_choice_of_ones_own(
    house: House, browser: Browser
) -> None:
    first = await made(house, "huang", "黄志强", *SQUAD)
    answer = await browser.sign_in("Huang ", first)
    assert (answer.status_code, answer.json()["must_change"]) == (200, True)
    shut = await browser.http.get("/api/state")
    assert (shut.status_code, shut.json()["needs"]) == (403, "password")
    for poor in (first, "short", "huang huang 1", "aaaaaaaaaaaa", "gridpatrol2026"):
        refused = await browser.post("/session/password", old=first, new=poor)
        assert refused.status_code == 403, poor
        assert refused.json()["error_zh"]
    chosen = await browser.post("/session/password", old=first, new=PASSWORD)
    assert (chosen.status_code, chosen.json()["must_change"]) == (200, False)
    assert (await browser.http.get("/api/state")).status_code == 200
    assert (await Browser(house).sign_in("huang", first)).status_code == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    house: House, browser: Browser
) -> None:
    answer = await browser.sign_in("huang", await made(house, "huang", "Huang", Role.PILOT))
    cookie = answer.headers["Set-Cookie"]
    port = house.web.url.rpartition(":")[2]
    assert cookie.startswith(f"gridpatrol-{port}=")
    for flag in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert flag in cookie
    kept = await house.book.store.read(lambda c: c.execute(select(sessions.c.key_hash)).scalar())
    assert str(kept) not in cookie


async def test_a_change_needs_the_secret_of_the_page_it_comes_from(
    house: House, browser: Browser
) -> None:
    await house.has_alert()
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    own, browser.csrf = browser.csrf, "console"
    refused = await browser.post(f"/alerts/{ALERT}/acknowledge", role="OPER")
    assert (refused.status_code, "reload" in refused.json()["error"]) == (403, True)
    browser.csrf = own
    answer = await browser.post(f"/alerts/{ALERT}/acknowledge", role="OPER")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Huang")
    assert ("alert.acknowledged", "Huang", ALERT) in await told(house, "alert.")


def words_of(answer: httpx.Response) -> dict[str, Any]:
    """The whole answer but the id of its request."""
    return {key: value for key, value in answer.json().items() if key != "instance"}


async def test_wrong_passwords_are_told_alike_and_lock_the_login_for_a_while(
    house: House, browser: Browser
) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    unknown = await Browser(house).sign_in("nobody", "wrong wrong")
    for _ in range(4):
        wrong = await Browser(house).sign_in("huang", "wrong wrong")
        assert (wrong.status_code, words_of(wrong)) == (unknown.status_code, words_of(unknown))
    fifth = await Browser(house).sign_in("huang", "wrong wrong")
    assert (fifth.status_code, fifth.headers["Retry-After"]) == (429, "900")
    right = await Browser(house).sign_in("huang")
    assert (right.status_code, "15 min" in right.json()["error"]) == (429, True)
    assert (await browser.http.get("/api/state")).status_code == 200, "who is in stays in"
    house.wall.ahead_s += 901.0
    assert (await Browser(house).sign_in("huang")).status_code == 200
    rows = [action for action, _, _ in await told(house, "sign_in")]
    assert rows.count("sign_in.locked") == 1
    assert rows.count("sign_in.refused") == 7
    assert ("sign_in", "Huang", "huang") in await told(house, "sign_in")


async def test_a_login_that_does_not_exist_is_locked_like_one_that_does(house: House) -> None:
    await made(house, "huang", "Huang", *SQUAD)
    answers: dict[str, list[Any]] = {"huang": [], "nobody": []}
    for login, heard in answers.items():
        for _ in range(6):
            answer = await Browser(house).sign_in(login, "wrong wrong")
            heard.append((answer.status_code, answer.headers.get("Retry-After"), words_of(answer)))
        house.wall.ahead_s += 61.0  # the address may try again
    assert [status for status, _, _ in answers["nobody"]] == [401] * 4 + [429] * 2
    assert answers["nobody"] == answers["huang"]
    house.wall.ahead_s += 901.0
    assert (await Browser(house).sign_in("nobody", "wrong wrong")).status_code == 401


async def test_what_is_typed_as_a_login_is_nowhere_in_the_records(
    house: House, browser: Browser
) -> None:
    await browser.sign_in("my-secret-by-mistake", "x")
    bodies = await house.book.store.read(
        lambda c: [tuple(row) for row in c.execute(select(tables.audit))]
    )
    assert "my-secret-by-mistake" not in str(bodies)


async def test_an_address_that_tries_too_often_has_to_wait(house: House, browser: Browser) -> None:
    house.people.sign_in._limit._most = 3
    for _ in range(3):
        assert (await browser.sign_in("nobody", "wrong")).status_code == 401
    for _ in range(3):
        answer = await browser.sign_in("nobody", "wrong")
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert len(await told(house, "sign_in.limited")) == 1, "told once, not with every try"
    house.wall.ahead_s += 61.0
    assert (await browser.sign_in("nobody", "wrong")).status_code == 401


async def test_a_session_ends_by_sign_out_by_idleness_and_by_its_age(
    house: House, browser: Browser
) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    cookie = dict(browser.http.cookies)
    assert (await browser.ask("DELETE", "/session")).status_code == 204
    thief = house.client()
    thief.cookies.update(cookie)
    assert (await thief.get("/api/state")).status_code == 401, "the old cookie is worth nothing"
    await browser.sign_in("huang")
    for _ in range(11):
        house.wall.ahead_s += 3600.0
        assert (await browser.http.get("/api/state")).status_code == 200
    house.wall.ahead_s += 3601.0
    assert (await browser.http.get("/api/state")).status_code == 401, "a shift is over"
    await browser.sign_in("huang")
    house.wall.ahead_s += 2 * 3600.0 + 1
    assert (await browser.http.get("/api/state")).status_code == 401, "nobody was there"


async def test_who_is_shut_out_is_out_at_once_and_so_are_the_open_sockets(
    house: House, browser: Browser
) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    async with connect(house.live_url, additional_headers={"Cookie": cookies}) as socket:
        assert (await received(socket))["type"] == "state"
        await house.book.set_disabled("huang", is_disabled=True)
        with pytest.raises(ConnectionClosedError) as closed:
            await received(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert (await browser.http.get("/api/state")).status_code == 401
    assert (await browser.sign_in("huang")).status_code == 401


async def test_roles_taken_away_count_from_the_next_request_on(
    house: House, browser: Browser
) -> None:
    await house.has_alert()
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    await house.book.set_grants("huang", [Grant(role=Role.AUDITOR)])
    answer = await browser.post(f"/alerts/{ALERT}/acknowledge")
    assert (answer.status_code, "OPER or REG or LEAD" in answer.json()["error"]) == (403, True)


async def test_nobody_takes_a_name_or_login_that_is_taken_nor_the_systems_role(
    house: House,
) -> None:
    await made(house, "huang", "Ｈuang", Role.PILOT)
    for login, name in (("huang", "Another"), ("huang2", " huang "), ("Huang!", "X"), ("hu", " ")):
        with pytest.raises(DoorRefused):
            await made(house, login, name, Role.PILOT)
    with pytest.raises(DoorRefused, match="nobody can hold"):
        await made(house, "machine", "Machine", Role.SYSTEM)


async def test_no_secret_is_kept_as_it_was_typed(house: House, browser: Browser) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    await browser.choose_pin("274936")
    query = select(persons).where(persons.c.login == "huang")
    row = await house.book.store.read(lambda c: c.execute(query).one())
    assert row.password_hash.startswith("$argon2id$")
    assert row.pin_hash.startswith("$argon2id$")
    assert PASSWORD not in str(tuple(row))


async def test_a_reset_gives_a_new_first_password_and_ends_what_was_open(
    house: House, browser: Browser
) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    first = await house.book.reset("huang")
    assert (await browser.http.get("/api/state")).status_code == 401
    assert (await browser.sign_in("huang")).status_code == 401
    assert (await browser.sign_in("huang", first)).json()["must_change"] is True


async def test_who_is_in_stays_in_when_the_station_starts_again(
    house: House, browser: Browser
) -> None:
    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    again = make_people(
        store=house.book.store, is_exercise=True, world_utc=house.clock.now_utc,
        now=house.wall.now_utc, now_s=house.wall.monotonic_s, strictness=LAX,
    )  # fmt: skip
    (key,) = browser.http.cookies.values()
    session = await again.sessions.find(key, house.wall.now_utc())
    assert session is not None
    assert session.person.name == "Huang"


async def test_a_full_disk_blinds_nobody_who_is_in(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: object) -> None:
        raise StoreUnavailable("the disk is full")

    await browser.enter("huang", await made(house, "huang", "Huang", *SQUAD))
    house.wall.ahead_s += 600.0
    monkeypatch.setattr(house.book.store, "write", full)
    assert (await browser.http.get("/api/state")).status_code == 200
    shut = await Browser(house).sign_in("huang")
    assert shut.status_code == 503, "nobody comes in unrecorded"


async def test_the_page_before_the_sign_in_says_where_one_is(house: House) -> None:
    door = (await house.client().get("/api/session/door")).json()
    assert (door["is_exercise"], door["has_persons"]) == (True, True)
    assert door["station"]
