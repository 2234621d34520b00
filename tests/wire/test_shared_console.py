"""Three people at one laptop, tokens for programs, and links for an exercise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ground_station.people.demo import GUEST_NAME, prepare_demo
from ground_station.people.errors import DoorRefused
from ground_station.people.journal import Journal
from ground_station.people.persons import Grant
from ground_station.people.scopes import DISTRICT
from patrol.cause import Role
from tests.browsers import Browser
from tests.ground_core import GRID
from tests.persons import DAY, PASSWORD, a_book, with_token
from tests.wire.test_sign_in import made, told
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OFFICE = "440512D01"
CREW = {
    "huang": ("Huang", Role.PILOT, "274936"),
    "lin": ("Lin", Role.ANNOUNCER, "518203"),
    "chen": ("Chen", Role.REGISTRAR, "930517"),
}


@pytest.fixture
async def laptop(house: House) -> Browser:
    """The squad's laptop: Huang has signed in, everybody has a PIN."""
    for login, (name, role, pin) in CREW.items():
        browser = Browser(house)
        await browser.enter(login, await made(house, login, name, role))
        await browser.choose_pin(pin)
    shared = Browser(house)
    await shared.sign_in("huang", is_shared=True)
    await house.has_alert()
    return shared


async def sits(laptop: Browser, login: str) -> None:
    name, role, pin = CREW[login]
    answer = await laptop.sit(login, pin, role.value)
    assert answer.status_code == 200, (name, answer.text)


async def test_each_act_at_a_shared_laptop_is_under_the_name_of_whose_pin_it_was(
    house: House, laptop: Browser
) -> None:
    nobody = await laptop.post(f"/alerts/{ALERT}/acknowledge")
    assert (nobody.status_code, nobody.json()["needs"]) == (403, "pin")
    assert nobody.json()["roles"] == ["OPER", "REG", "LEAD"]
    await sits(laptop, "chen")
    answer = await laptop.post(f"/alerts/{ALERT}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Chen")
    nobody = await laptop.post(f"/alerts/{ALERT}/announce", template="T01")
    assert nobody.json()["roles"] == ["ANNC"]
    await sits(laptop, "lin")
    spoken = await laptop.post(f"/alerts/{ALERT}/announce", template="T01")
    assert (spoken.status_code, spoken.json()["released_by"]) == (202, "Lin")
    seats = (await laptop.http.get("/api/session")).json()["seats"]
    assert seats == {"ANNC": "lin", "REG": "chen"}
    assert ("seat.taken", "Lin", "ANNC") in await told(house, "seat")


async def test_the_grids_planned_at_a_shared_laptop_are_those_of_whose_pin_it_was(
    laptop: Browser,
) -> None:
    nobody = await laptop.post("/shift/plan", role="PILOT", grids=[GRID])
    assert nobody.json()["needs"] == "pin"
    await sits(laptop, "huang")
    assert (await laptop.post("/shift", role="PILOT")).status_code == 201
    for grids in ([GRID], []):
        answer = await laptop.post("/shift/plan", role="PILOT", grids=grids)
        assert (answer.status_code, answer.json()["planned_grids"]) == (200, grids)


async def test_a_pin_is_remembered_for_ten_minutes_and_not_longer(
    house: House, laptop: Browser
) -> None:
    await sits(laptop, "chen")
    house.wall.ahead_s += 599.0
    assert (await laptop.post(f"/alerts/{ALERT}/acknowledge")).status_code == 200
    house.wall.ahead_s += 2.0
    late = await laptop.post(f"/alerts/{ALERT}/dismiss", reason="a queue")
    assert (late.status_code, late.json()["needs"]) == (403, "pin")


async def test_the_pilots_veto_waits_for_no_pin_that_was_given_long_ago(
    house: House, laptop: Browser
) -> None:
    await sits(laptop, "huang")
    house.wall.ahead_s += 3600.0
    for path in ("/sortie/return", "/sortie/hold", "/speaker/stop"):
        answer = await laptop.post(path)
        assert "no sortie is being flown" in answer.text or answer.status_code == 503, answer.text
    resumed = await laptop.post("/sortie/resume")
    assert resumed.json()["needs"] == "pin", "to fly on is no veto"


async def test_before_anybody_sat_down_the_veto_is_that_of_the_one_who_signed_in(
    laptop: Browser,
) -> None:
    assert "no sortie is being flown" in (await laptop.post("/sortie/return")).text


async def test_of_two_who_sit_there_it_is_the_one_who_may_at_that_place(
    house: House, laptop: Browser
) -> None:
    await sits(laptop, "chen")
    await house.book.set_grants("huang", [Grant(role=Role.PILOT), Grant(role=Role.OPERATOR)])
    assert (await laptop.sit("huang", CREW["huang"][2], "OPER")).status_code == 200
    await house.book.set_grants(
        "huang", [Grant(role=Role.PILOT), Grant(role=Role.OPERATOR, scope=f"{DISTRICT}009")]
    )
    answer = await laptop.post(f"/alerts/{ALERT}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Chen")
    as_operator = await laptop.post(f"/alerts/{ALERT}/acknowledge", role="OPER")
    assert (as_operator.status_code, as_operator.json()["type"]) == (403, "not_permitted")


async def test_a_pin_opens_only_its_own_persons_roles_and_five_wrong_ones_lock_it(
    house: House, laptop: Browser
) -> None:
    other_role = await laptop.sit("lin", CREW["lin"][2], "PILOT")
    assert (other_role.status_code, "does not hold" in other_role.text) == (403, True)
    for _ in range(4):
        assert (await laptop.sit("lin", CREW["chen"][2], "ANNC")).status_code == 403
    assert (await laptop.sit("lin", CREW["chen"][2], "ANNC")).status_code == 429
    assert (await laptop.sit("lin", CREW["lin"][2], "ANNC")).status_code == 429
    assert (await laptop.http.get("/api/state")).status_code == 200
    house.wall.ahead_s += 901.0
    await sits(laptop, "lin")


@pytest.mark.parametrize("pin", ["12345", "123456", "987654", "444444", "89a123", "1234567"])
async def test_a_pin_that_is_guessed_first_is_not_taken(house: House, pin: str) -> None:
    browser = Browser(house)
    await browser.enter("xu", await made(house, "xu", "Xu", Role.PILOT))
    answer = await browser.post("/session/pin", password=PASSWORD, pin=pin)
    assert (answer.status_code, "PIN" in answer.json()["error_zh"]) == (403, True)


async def test_whoever_leaves_the_seat_is_no_longer_the_one_who_acts(laptop: Browser) -> None:
    await sits(laptop, "chen")
    assert (await laptop.ask("DELETE", "/session/seats/REG")).status_code == 200
    assert (await laptop.post(f"/alerts/{ALERT}/acknowledge")).json()["needs"] == "pin"
    assert (await laptop.ask("DELETE", "/session/seats/SYS")).status_code == 404


async def test_a_console_of_one_person_has_no_seats(house: House) -> None:
    browser = Browser(house)
    await browser.enter("huang", await made(house, "huang", "Huang", Role.PILOT))
    await browser.choose_pin("274936")
    answer = await browser.sit("huang", "274936", "PILOT")
    assert (answer.status_code, "not shared" in answer.text) == (403, True)


async def test_a_token_does_no_more_than_it_was_made_for(house: House) -> None:
    await house.has_alert()
    await made(house, "huang", "Huang", Role.OPERATOR, Role.ANNOUNCER)
    _, only = await house.book.make_token(
        "huang", purpose="a big screen", roles=[Role.OPERATOR], lasts=DAY
    )
    _, looking = await house.book.make_token("huang", purpose="a wall", lasts=DAY)
    operator = house.client({"Authorization": f"Bearer {only}"})
    wall = house.client({"Authorization": f"Bearer {looking}"})
    body = {"template": "T01"}
    assert (await operator.post(f"/api/alerts/{ALERT}/announce", json=body)).status_code == 403
    assert (await wall.get("/api/state")).status_code == 200
    assert (await wall.post(f"/api/alerts/{ALERT}/acknowledge", json={})).status_code == 403
    assert (await operator.post(f"/api/alerts/{ALERT}/acknowledge", json={})).status_code == 200
    with pytest.raises(DoorRefused, match="does not hold PILOT"):
        await house.book.make_token("huang", purpose="x", roles=[Role.PILOT], lasts=DAY)


async def test_a_token_ends_with_its_time_when_revoked_and_with_its_person(house: House) -> None:
    await made(house, "huang", "Huang", Role.OPERATOR)
    token_id, key = await house.book.make_token("huang", purpose="x", lasts=timedelta(hours=1))
    program = house.client({"Authorization": f"Bearer {key}"})
    for _ in range(3):
        assert (await program.get("/api/state")).status_code == 200
    used = await told(house, "token.used")
    assert used == [("token.used", "Huang", token_id)], "told once, not with every request"
    await house.book.revoke("huang", token_id)
    assert (await program.get("/api/state")).status_code == 401
    _, key = await house.book.make_token("huang", purpose="x", lasts=timedelta(hours=1))
    program.headers["Authorization"] = f"Bearer {key}"
    assert (await program.get("/api/state")).status_code == 200
    house.wall.ahead_s += 3601.0
    assert (await program.get("/api/state")).status_code == 401
    program.headers["Authorization"] = "Bearer gp_guess"
    assert (await program.get("/api/state")).status_code == 401


async def test_a_demos_link_signs_its_guest_in_once_and_its_actors_are_automatic(
    house: House,
) -> None:
    await house.has_alert()
    keys = await prepare_demo(house.book, {"auto-operator": (Role.OPERATOR,)})
    guest = Browser(house)
    answer = await guest.post("/session/link", key=keys.link)
    assert (answer.status_code, answer.json()["name"]) == (200, GUEST_NAME)
    assert (await guest.http.get("/api/state")).status_code == 200
    assert (await Browser(house).post("/session/link", key=keys.link)).status_code == 401
    robot = house.client({"Authorization": f"Bearer {keys.tokens['auto-operator']}"})
    done = await robot.post(f"/api/alerts/{ALERT}/acknowledge", json={})
    assert done.json()["acknowledged_by"] == "auto-operator"
    again = await prepare_demo(house.book, {"auto-operator": (Role.OPERATOR,)})
    assert (await robot.get("/api/state")).status_code == 401, "the last demo's keys are gone"
    assert again.link != keys.link
    assert (await Browser(house).sign_in("guest", "anything at all")).status_code == 401


async def test_live_there_are_no_links_and_no_automatic_persons(house: House) -> None:
    live = a_book(house.book.store, is_exercise=False)
    with pytest.raises(DoorRefused, match="only in an exercise"):
        await live.make_link("wu", lasts=DAY)
    with pytest.raises(DoorRefused, match="only in an exercise"):
        await with_token(live, "robot", is_automatic=True)
    journal = Journal(store=house.book.store, world_utc=house.clock.now_utc, is_exercise=False)
    house.people.links._journal = journal
    key = await house.book.make_link("wu", lasts=DAY)
    answer = await Browser(house).post("/session/link", key=key)
    assert (answer.status_code, "exercises" in answer.text) == (403, True)


async def test_a_demo_never_makes_a_link_for_a_person_who_is_somebody(house: House) -> None:
    await house.book.add("guest", "Guo Este", [Grant(role=Role.PILOT)])
    with pytest.raises(DoorRefused, match="a folder of its own"):
        await prepare_demo(house.book, {})


async def test_the_audit_read_at_a_shared_laptop_is_that_of_whose_pin_it_was(
    house: House, laptop: Browser
) -> None:
    everywhere = Grant(role=Role.AUDITOR)
    await house.book.set_grants("huang", [Grant(role=Role.PILOT), everywhere])
    street = Grant(role=Role.AUDITOR, scope=GRID[:9])
    await house.book.set_grants("lin", [Grant(role=Role.ANNOUNCER), street])
    assert (await laptop.sit("lin", CREW["lin"][2], "AUDIT")).status_code == 200
    found = await laptop.http.get("/api/audit", params={"limit": 100})
    assert {row["scope"][:9] for row in found.json()["items"]} == {GRID[:9]}
    assert (await laptop.sit("huang", CREW["huang"][2], "AUDIT")).status_code == 200
    found = await laptop.http.get("/api/audit", params={"limit": 100})
    assert "" in {row["scope"] for row in found.json()["items"]}


async def test_at_a_shared_console_only_those_sit_who_are_of_use_in_its_part(
    house: House, laptop: Browser
) -> None:
    desk = Browser(house)
    office, street = [Grant(role=Role.DEPARTMENT, scope=OFFICE)], GRID[:9]
    await desk.enter("deng", await house.book.add("deng", "Deng", office))
    await desk.choose_pin("640281")
    await desk.sign_in("deng", is_shared=True)
    crew = (await desk.http.get("/api/session/crew")).json()
    assert [one["login"] for one in crew] == ["deng"]
    right, unknown = [await desk.sit(who, CREW["lin"][2], "ANNC") for who in ("lin", "nobody")]
    assert right.json()["error"] == unknown.json()["error"] == "person or PIN is wrong"
    for _ in range(6):  # nor do they lock the announcer out
        await desk.sit("lin", "111222", "ANNC")
    await sits(laptop, "lin")
    assert (await told(house, "seat"))[:2] == [("seat.refused", "Deng", "ANNC")] * 2
    await house.book.set_grants("huang", [Grant(role=Role.PILOT, scope=street)])
    crew = (await laptop.http.get("/api/session/crew")).json()
    assert [one["login"] for one in crew] == ["chen", "huang", "lin"]


async def test_a_try_at_a_locked_pin_is_in_the_audit_log_too(house: House, laptop: Browser) -> None:
    for _ in range(6):
        await laptop.sit("lin", "111222", "ANNC")
    assert len([row for row in await told(house, "seat") if row[0] == "seat.refused"]) == 6
