"""A house in which everything has been done once over its API: each record, in several states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from ground_station.alerts import SAME_CROWD_M
from ground_station.people.demo import prepare_demo
from patrol.cause import Role
from patrol.geo import offset
from tests.browsers import Browser
from tests.ground_core import GRID, PLACE, SYSTEM, a_sighting
from tests.wire.test_desks import flying_with_an_alert, land
from tests.wire.test_sign_in import made
from tests.wire.test_web_api import ALERT, House

AT = {"lat_deg": PLACE.lat_deg, "lon_deg": PLACE.lon_deg}
TOLD = {"text": "很多人聚在码头", "kind": "GATHERING", "place": AT, "contact": "13800001234"}
WORDS = {"template_id": "T05", "zh": "请戴好口罩，少聚集。", "en": "Wear a mask."}
ALERTS = (ALERT, *(f"A-20261124-000{number}" for number in range(2, 5)))
OPEN_ALERT = "A-20261124-0009"
DAY = "2026-11-24"
UNIT = "440512D01"
_APART_M = 2.0 * SAME_CROWD_M  # each is a crowd of its own
_BETWEEN_S = 181.0  # as long as one grid is left in peace after words
Ids = dict[str, list[str]]


class Hands:
    """Who does it: Wu, who holds every role, and those whom the rules want to be somebody else."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ids: Ids = {"grid_code": [GRID], "camera_id": ["cam-1"], "day": [DAY]}

    async def do(self, path: str, role: str, **body: Any) -> Any:  # noqa: ANN401  # JSON values
        """Wu does it under this role."""
        return self.done(await self.house.post(path, role, **body))

    def done(self, answer: httpx.Response) -> Any:  # noqa: ANN401  # JSON values
        """The body of an answer that something was done."""
        assert answer.is_success, f"{answer.request.url.path}: {answer.text}"
        return answer.json() if answer.content else None

    async def somebody(self, name: str, *roles: Role) -> httpx.AsyncClient:
        """Another person, with a token."""
        return self.house.client(await self.house.let_in(name, roles=roles))

    def keep(self, name: str, value: str) -> str:
        """An id, for whoever asks for such records later."""
        self.ids.setdefault(name, []).append(value)
        return value


async def fill(house: House) -> Ids:
    """Every command of the API once; the ids of what there is now, by the names of parameters."""
    hands = Hands(house)
    await _people(hands)
    await _reports(hands)
    case_no = await _a_closed_case(hands)
    await _notices(hands, case_no)
    await _wordings(hands)
    await _shift(hands)
    await _flight(hands)
    await _the_shift_closes(hands)
    await _another_flight(hands)
    return hands.ids


async def _people(hands: Hands) -> None:
    house = hands.house
    laptop = Browser(house)
    for login in ("huang", "lin"):
        one = Browser(house)
        await one.enter(login, await made(house, login, login.title(), Role.PILOT, Role.ANNOUNCER))
        await one.choose_pin("274936")
    assert (await laptop.sign_in("huang", is_shared=True)).is_success
    assert (await laptop.sit("lin", "274936", "ANNC")).is_success
    assert (await laptop.http.get("/api/session/crew")).json()
    assert (await laptop.ask("DELETE", "/session/seats/ANNC")).is_success
    assert (await laptop.ask("DELETE", "/session")).is_success
    keys = await prepare_demo(house.book, {})
    assert (await Browser(house).post("/session/link", key=keys.link)).is_success


async def _reports(hands: Hands) -> None:
    """Taken, of which one is a case, one is linked to it, one is not for us."""
    for _ in range(4):
        hands.keep("report_id", (await hands.do("/reports", "DISP", **TOLD))["report_id"])
    first, second, third, _ = hands.ids["report_id"]
    case_no = (await hands.do(f"/reports/{first}/case", "DISP"))["case_no"]
    hands.keep("case_no", case_no)
    await hands.do(f"/reports/{second}/link", "DISP", case_no=case_no)
    await hands.do(f"/reports/{third}/reject", "DISP", text="不属于本单位")
    brought = await hands.do("/cases", "GW", text="有人下水", kind="GATHERING", place=AT, people=3)
    hands.keep("case_no", brought["case_no"])
    for step in ("check_in", "withdraw"):
        whistle = await hands.do("/whistles", "DISP", grid_code=GRID, need="人多")
        hands.keep("whistle_id", whistle["whistle_id"])
        path = f"/whistles/{whistle['whistle_id']}/steps/{step}"
        await hands.do(path, "COMM" if step == "check_in" else "DISP", reason="已散")


async def _a_closed_case(hands: Hands) -> str:
    report = await hands.do("/reports", "DISP", **TOLD)
    case = await hands.do(f"/reports/{report['report_id']}/case", "DISP")
    case_no: str = hands.keep("case_no", case["case_no"])
    steps = f"/cases/{case_no}/steps"
    for event in ("verify", "file"):
        await hands.do(f"{steps}/{event}", "DISP")
    task = await hands.do(f"/cases/{case_no}/dispatches", "DISP", unit_code=UNIT, task="请核实")
    hands.keep("dispatch_id", task["dispatch_id"])
    worker = await hands.somebody("Mei", Role.COMMUNITY, Role.DEPARTMENT)
    given = {"reason": "人群已散", "found": "约20人"}
    hands.done(await worker.post(f"/api{steps}/accept", json={}))
    path = f"/api/dispatches/{task['dispatch_id']}/steps/reply"
    hands.done(await worker.post(path, json={"reply": "已协调"}))
    hands.done(await worker.post(f"/api{steps}/feed_back", json=given))
    await hands.do(f"{steps}/check", "DISP")
    await hands.do(f"/reports/{report['report_id']}/answer", "DISP", text="已处置")
    supervisor = await hands.somebody("Ma", Role.SUPERVISOR)
    hands.done(await supervisor.post(f"/api{steps}/close", json={}))
    return case_no


async def _notices(hands: Hands, case_no: str) -> None:
    for _ in range(2):
        draft = await hands.do("/notices", "REVIEW", case_nos=[case_no])
        hands.keep("notice_id", draft["notice_id"])
    steps = f"/notices/{hands.ids['notice_id'][0]}/steps"
    await hands.do(f"{steps}/edit", "REVIEW", text_zh="请勿聚集", text_en="Keep apart")
    leader = await hands.somebody("Zheng", Role.LEADER)
    hands.done(await leader.post(f"/api{steps}/review", json={}))
    await hands.do(f"{steps}/publish", "DISP")


async def _wordings(hands: Hands) -> None:
    written = await hands.do("/templates", "ANNC", **WORDS)
    hands.keep("version_id", written["version_id"])
    leader = await hands.somebody("Qiu", Role.LEADER)
    path = f"/api/templates/{written['version_id']}/steps/approve"
    hands.done(await leader.post(path, json={}))


async def _shift(hands: Hands) -> None:
    await hands.do("/shift", "LEAD")
    for role in ("PILOT", "REG", "ANNC"):
        await hands.do("/shift/sign-in", role)
    await hands.somebody("Tan", Role.ANNOUNCER)
    await hands.do("/shift/hand-over", "ANNC", to="Tan")
    await hands.do("/shift/weather", "LEAD", text="晴")
    await hands.do("/shift/note", "LEAD", text="码头人多")
    await hands.do("/shift/plan", "LEAD", grids=[GRID])
    home = hands.house.vehicle._sample.home
    assert home is not None
    there = offset(home, east_m=0.0, north_m=60.0)
    place = {"lat_deg": there.lat_deg, "lon_deg": there.lon_deg}
    await hands.do("/calls", "LEAD", place=place)


async def _flight(hands: Hands) -> None:
    """From the plan to the signatures, with four alerts: each is answered in another way."""
    house = hands.house
    sortie = hands.keep("sortie_id", await flying_with_an_alert(house))
    drawn = await hands.do("/plans", "LEAD", grid_code=GRID)
    plan_id = hands.keep("plan_id", drawn["plan"]["plan_id"])
    await hands.do(f"/plans/{plan_id}/cancel", "LEAD", reason="下雨")
    mission = hands.keep("mission_id", sortie.rpartition("-S")[0])
    await hands.do(f"/missions/{mission}/abort", "LEAD", reason="庙会")
    await hands.house.records.save_sighting(
        replace(a_sighting(), sortie=sortie), register_version="sample-1", is_exercise=True,
        cause=SYSTEM, at_utc=house.clock.now_utc(),
    )  # fmt: skip
    hands.keep("sighting_id", a_sighting().sighting_id)
    await _more_alerts(hands, sortie)
    spoken, dismissed, escalated, typed = ALERTS
    for alert in (spoken, dismissed, typed):
        await hands.do(f"/alerts/{alert}/acknowledge", "OPER")
    await hands.do(f"/alerts/{dismissed}/dismiss", "OPER", reason="排队买鱼")
    await hands.do(f"/alerts/{escalated}/escalate", "LEAD", reason="人太多")
    await _words(hands, spoken, typed)
    for verb in ("hold", "resume"):
        await hands.do(f"/sortie/{verb}", "PILOT")
    await hands.do("/sightings/S-1/steps/confirm", "REG", people=25)
    await land(house)
    for role in ("PILOT", "REG"):
        await hands.do(f"/sorties/{sortie}/sign", role)
    await hands.do(f"/sorties/{sortie}/rest", "LEAD")
    await hands.do("/shift/sign-out", "PILOT")
    await hands.do("/shift/sign-in", "PILOT")


async def _the_shift_closes(hands: Hands) -> None:
    for role in ("PILOT", "REG"):
        await hands.do("/shift/sign", role)
    hands.keep("shift_id", (await hands.do("/shift/close", "REG"))["shift_id"])
    hands.keep("shift_id", (await hands.do("/shift", "LEAD"))["shift_id"])


async def _another_flight(hands: Hands) -> None:
    """In the air, with an alert that nobody has answered yet."""
    hands.house.vehicle._sample = replace(hands.house.vehicle._sample, is_in_air=False)
    hands.keep("sortie_id", await flying_with_an_alert(hands.house, OPEN_ALERT))
    hands.keep("alert_id", OPEN_ALERT)


async def _more_alerts(hands: Hands, sortie: str) -> None:
    house = hands.house
    assert house.crowd.watch is not None
    first = house.crowd.watch.alerts[ALERT]
    for number, name in enumerate(ALERTS[1:], start=1):
        place = offset(first.place, east_m=number * _APART_M, north_m=0.0)
        alert = replace(first, alert_id=name, sortie=sortie, place=place)
        house.crowd.watch.alerts[name] = alert
        await house.records.save_alert(
            alert, cause=SYSTEM, at_utc=house.clock.now_utc(), action="alert.raised"
        )
    house.crowd.show_alerts(house.crowd.watch)
    hands.ids["alert_id"] = list(ALERTS)


async def _words(hands: Hands, spoken: str, typed: str) -> None:
    """Played, typed, and stopped by a rule until the leader answers for them."""
    house = hands.house
    await hands.do(f"/alerts/{spoken}/announce", "ANNC", template="T01")
    await house.until(lambda: "announcement.played" in house.told())
    lin = await hands.somebody("Lian", Role.ANNOUNCER)
    blocked = await lin.post(f"/api/alerts/{spoken}/announce", json={"template": "T04"})
    assert blocked.status_code == 409, blocked.text
    number = hands.keep("announcement_id", blocked.json()["announcement"])
    await hands.do(f"/announcements/{number}/override", "LEAD", reason="人群密度危急")
    await house.until(lambda: house.told().count("announcement.played") == 2)
    house.clock.now_s += _BETWEEN_S
    assert house.crowd.watch is not None
    house.is_near(house.crowd.watch.alerts[typed].place)
    await hands.do(f"/alerts/{typed}/speak", "ANNC", text="请不要推挤。", category="SAFETY")
    await house.until(lambda: house.told().count("announcement.played") == 3)
    house.clock.now_s += _BETWEEN_S
    await hands.do("/announcements", "ANNC", template="T11", values={"电话": "一二三四五"})
    await house.until(lambda: house.told().count("announcement.played") == 4)
    await hands.do("/speaker/stop", "ANNC")
