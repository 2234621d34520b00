"""The station's HTTP API and live sockets on a real port, with a real store and a fake aircraft."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from ground_station import views
from ground_station.alert_minder import AlertMinder
from ground_station.case_desk import CaseDesk
from ground_station.case_rules import read_case_rules
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.effect_desk import EffectDesk
from ground_station.live import Board
from ground_station.owners import read_responsibility
from ground_station.parts import Parts
from ground_station.plan_desk import PlanDesk, PlanParts
from ground_station.route_shelf import RouteShelf
from ground_station.settings import StationSettings
from ground_station.showing import show_station, show_unit
from ground_station.shown import StationView
from ground_station.sortie_desk import SortieDesk, SortieParts
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.switchboard import Desks, Switchboard
from ground_station.web_server import WebServer, bind
from missions.register import load_register
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.geo import GeoPoint, offset
from patrol.story import StoryEvent
from tests.contract import contract_of
from tests.fakes import START, FakeVehicle, ManualClock
from tests.ground_core import (
    GRID,
    LEGAL,
    PLACE,
    SORTIE,
    SYSTEM,
    a_plan,
    an_alert,
    running_store,
    wordings_of,
)
from tests.house_fakes import FakePictures, FakeSpeaker, SilentVoice, no_findings, nothing
from tests.papers import a_gate
from tests.persons import SettableClock, a_book, with_token
from tests.plain_http import NO_TLS
from tests.web_apps import app_of
from tests.web_parts import web_parts
from vision.crowd import CrowdRules

pytestmark = pytest.mark.anyio
REGISTER = load_register()
ALERT = "A-20261124-0001"
WRONG_ROLES: list[tuple[str, str, dict[str, str], str]] = [
    ("/plans", "OPER", {"grid_code": GRID}, "LEAD or PILOT"),
    ("/plans/M-1/approve", "PILOT", {"digest": "a" * 64}, "LEAD"),
    ("/sorties", "LEAD", {"plan_id": "M-1"}, "PILOT"),
    ("/sortie/hold", "OPER", {}, "PILOT"),
    ("/sortie/return", "ANNC", {}, "PILOT"),
    ("/speaker/stop", "REG", {}, "ANNC or PILOT"),
    (f"/alerts/{ALERT}/acknowledge", "ANNC", {}, "OPER"),
    (f"/alerts/{ALERT}/dismiss", "ANNC", {"reason": "a queue"}, "OPER"),
]
UNKNOWN: list[tuple[str, str, dict[str, str], str]] = [
    ("/alerts/A-9/acknowledge", "OPER", {}, "no alert A-9 in this sortie"),
    ("/alerts/A-9/dismiss", "OPER", {"reason": "a queue"}, "no alert A-9 in this sortie"),
    ("/alerts/A-9/announce", "ANNC", {"template": "T01"}, "no alert A-9 in this sortie"),
    (f"/alerts/{ALERT}/announce", "ANNC", {"template": "T99"}, "no template T99"),
    ("/plans/M-9/approve", "LEAD", {"digest": "a" * 64}, "no plan M-9"),
    ("/sorties", "PILOT", {"plan_id": "M-9"}, "no plan M-9"),
    ("/sorties/M-9-S01/sign", "REG", {}, "no open sortie M-9-S01"),
    ("/sortie/somersault", "PILOT", {}, "no such verb: somersault"),
]
SITE_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")


class House:
    """A station's desks behind its web application, and the fakes around them."""

    def __init__(self, folder: Path, records: Records, telemetry: TelemetryLog) -> None:
        self.bus, self.board, self.clock = Bus(), Board(["GP-1"]), ManualClock()
        self.shown = self.board.of("GP-1")
        station: StationView = {"name": "濠江", "is_exercise": True, "version": "test"}
        show_station(self.board, station, REGISTER, self.clock)
        show_unit(self.shown, "cam-1")
        self.folder, self.records, self.telemetry = folder, records, telemetry
        self.vehicle, self.speaker = FakeVehicle(self.clock, self.bus), FakeSpeaker()
        self.pictures = FakePictures()
        self.chronicle = Chronicle(
            bus=self.bus, records=records, board=self.board, is_exercise=True
        )
        shared: dict[str, Any] = {
            "records": records, "bus": self.bus, "board": self.shown,
            "chronicle": self.chronicle, "world": self.clock, "wall": self.clock,
            "is_exercise": True,
        }  # fmt: skip
        crowd_parts = CrowdParts(
            aircraft="GP-1", camera_id="cam-1", register=REGISTER, rules=CrowdRules(), legal=LEGAL,
            is_counts_only=True, set_pace=nothing, latest=self.vehicle.latest, **shared,
        )  # fmt: skip
        self.crowd = CrowdDesk(crowd_parts)
        self.cases = CaseDesk(
            parts=crowd_parts, desk=self.crowd, board=self.board, rules=read_case_rules(),
            table=read_responsibility(),
        )  # fmt: skip
        self.effects = EffectDesk(parts=crowd_parts, desk=self.crowd, cases=self.cases)
        self.minder = AlertMinder(parts=crowd_parts, desk=self.crowd)
        self.speaking = SpeakingDesk(
            parts=crowd_parts, desk=self.crowd, speaker=self.speaker, voice=SilentVoice(),
            wordings=wordings_of(records, self.clock), on_played=self.effects.begin,
        )  # fmt: skip
        self.plans = PlanDesk(
            PlanParts(
                register=REGISTER, records=records, bus=self.bus, chronicle=self.chronicle,
                world=self.clock, is_exercise=True, routes=RouteShelf(folder / "routes"),
                gate=a_gate(folder, self.clock),
            )
        )  # fmt: skip
        self.sorties = SortieDesk(
            SortieParts(
                plans=self.plans, vehicle=self.vehicle, telemetry=telemetry, crowd=self.crowd,
                cases=self.cases, preflight=no_findings, **shared,
            )
        )  # fmt: skip
        self.sorties.know_the_aircraft()
        self.wall = SettableClock()
        self.grid_code = REGISTER.grids[0].code
        parts = self._parts(folder)
        self.people, self.missions, self.app = parts.people, parts.missions, app_of(parts)
        self.web = WebServer(lambda: self.app, bind("127.0.0.1", 0))
        self.clients: list[httpx.AsyncClient] = []
        self.http = self.client()
        self.book = a_book(records._store)
        self.live_url = self.web.url.replace("http", "ws") + "/api/live"
        self.video_url = self.web.url.replace("http", "ws") + "/api/video/cam-1"

    async def let_in(self, name: str, **how: Any) -> dict[str, str]:
        """The headers of a new person with a token; by default with every role."""
        return {"Authorization": f"Bearer {await with_token(self.book, name, **how)}"}

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A browser or program of somebody else: nobody, unless these headers say who."""
        client = httpx.AsyncClient(
            base_url=self.web.url, verify=NO_TLS, trust_env=False, timeout=10.0,
            headers=headers or {},
            event_hooks={"response": [self._check]},
        )  # fmt: skip
        self.clients.append(client)
        return client

    async def _check(self, answer: httpx.Response) -> None:
        """Every answer is as the description says it is."""
        await contract_of(self.app).check(answer)

    def _parts(self, folder: Path) -> Parts:
        desks = Desks(
            aircraft="GP-1", camera_id="cam-1", lens=views.lens_of(1280, 720, 40.0),
            vehicle=self.vehicle, sorties=self.sorties, crowd=self.crowd, cases=self.cases,
            speaking=self.speaking, pictures=self.pictures,
        )  # fmt: skip
        body = {"data_dir": folder, "aircraft": {"connect": "udpin://127.0.0.1:0"}}
        addresses = {"camera": {"url": "rtsp://x"}, "speaker": {"url": "http://x"}}
        asked = {
            "sign_in": {"ask_again_s": 0.1}, "is_exercise": True, "live_reads_within_s": 0.5
        }  # fmt: skip
        settings = StationSettings.model_validate(body | addresses | asked)
        switchboard = Switchboard([desks], plans=self.plans, records=self.records)
        return web_parts(self, settings, [desks], switchboard)

    async def post(self, path: str, role: str = "OPER", **body: Any) -> httpx.Response:
        """Wu, who holds every role, asks under this one."""
        return await self.http.post(f"/api{path}", json={"role": role, **body})

    def connect(self, url: str = "", **how: Any) -> Any:
        """A socket of Wu's, the live one unless another is named."""
        headers = {"Authorization": self.http.headers["Authorization"]}
        return connect(url or self.live_url, additional_headers=headers, **how)

    async def has_alert(self) -> None:
        """A sortie is being flown and has raised an alert."""
        self.is_near(PLACE)
        plan = a_plan()
        runner = SortieRunner(
            plan=plan, vehicle=self.vehicle, bus=self.bus, world=self.clock, wall=self.clock,
            sortie_id=SORTIE, preflight=no_findings,
        )  # fmt: skip
        self.crowd.begin(SORTIE, plan, runner)
        assert self.crowd.watch is not None
        self.crowd.watch.alerts[ALERT] = an_alert()
        self.crowd.watch.alert_id = ALERT
        await self.records.save_alert(
            an_alert(), cause=SYSTEM, at_utc=self.clock.now_utc(), action="alert.raised"
        )

    def is_near(self, place: GeoPoint) -> None:
        """The aircraft is in the air where words are understood at this place."""
        self.vehicle._sample = replace(
            self.vehicle._sample, is_in_air=True, is_armed=True, height_above_home_m=30.0,
            position=offset(place, east_m=0.0, north_m=-40.0),
        )  # fmt: skip

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(10.0):
            while not condition():
                await anyio.sleep(0.01)

    def told(self) -> list[str]:
        return [event["event"] for event in self.board.state()["story"]]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    telemetry = await TelemetryLog.open(tmp_path, is_exercise=True)
    async with running_store(tmp_path) as store:
        house = House(tmp_path, Records(store), telemetry)
        async with anyio.create_task_group() as tasks:
            for run in (
                house.chronicle.run, house.crowd.run, house.sorties.run, house.missions.run,
                house.web.run,
            ):  # fmt: skip
                tasks.start_soon(run)
            house.http.headers.update(await house.let_in("Wu"))
            yield house
            for client in house.clients:
                await client.aclose()
            house.web.stop()
            tasks.cancel_scope.cancel()
    await telemetry.close()


async def received(socket: ClientConnection) -> Any:
    with anyio.fail_after(5.0):
        return json.loads(await socket.recv())


def sentence_of(answer: httpx.Response) -> str:
    """The refusal's words, which a person can read."""
    words = str(answer.json()["error"])
    assert " " in words
    assert "Traceback" not in answer.text
    return words


async def test_the_state_is_what_the_board_shows_with_the_story(house: House) -> None:
    house.board.tell(StoryEvent(name="airborne", time_utc=START, sortie=SORTIE, grid=GRID))
    answer = await house.http.get("/api/state")
    shown = answer.json()
    assert (shown["station"]["name"], shown["units"]["GP-1"]["alert"]) == ("濠江", None)
    assert [event["event"] for event in shown["story"]] == ["airborne"]


async def test_the_grids_are_a_feature_collection_with_code_name_and_level(house: House) -> None:
    body = (await house.http.get("/api/grids.geojson")).json()
    assert body["type"] == "FeatureCollection"
    by_code = {f["properties"]["code"]: f["properties"] for f in body["features"]}
    assert {area["level"] for area in by_code.values()} >= {"grid", "community", "street"}
    assert by_code[GRID]["name_zh"]
    assert sum(area["level"] == "grid" for area in by_code.values()) == 254


async def test_the_templates_are_told_in_both_languages(house: House) -> None:
    *templates, typed = (await house.http.get("/api/templates")).json()
    assert all(template["zh"] and template["en"] for template in templates)
    assert [template["id"] for template in templates] == [f"T{n:02}" for n in range(1, 13)]
    assert typed["reminder"] and typed["reminder_zh"]  # noqa: PT018


async def test_every_answer_tells_the_browser_to_run_nothing_foreign(house: House) -> None:
    for path in ("/api/state", "/api/templates", "/api/picture/cam-2.jpg?purpose=test", "/"):
        answer = await house.http.get(path)
        assert [name for name in SITE_HEADERS if name not in answer.headers] == [], path
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_post_without_the_consoles_header_is_refused_and_does_nothing(house: House) -> None:
    await house.has_alert()
    answer = await house.client().post(f"/api/alerts/{ALERT}/acknowledge", json={"role": "OPER"})
    assert answer.status_code == 403
    assert "X-GridPatrol is missing" in sentence_of(answer)
    assert await house.records.alert(ALERT) == an_alert()


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
async def test_requests_for_another_host_or_from_another_site_are_refused(
    house: House, name: str
) -> None:
    for headers in ({"Host": name}, {"Origin": f"http://{name}"}, {"Origin": "null"}):
        answer = await house.http.get("/api/state", headers=headers)
        assert answer.status_code == 403, headers
        assert "not allowed" in sentence_of(answer)
    with pytest.raises(InvalidStatus):
        await house.connect(origin=f"http://{name}")


async def test_the_wrong_role_is_refused_with_the_role_that_it_needs(house: House) -> None:
    await house.has_alert()
    for path, role, body, needed in WRONG_ROLES:
        answer = await house.post(path, role, **body)
        assert answer.status_code == 403, path
        assert sentence_of(answer).startswith("Wu may not do this: it needs the role")
        assert needed in sentence_of(answer)
        assert answer.json()["error_zh"].startswith("Wu无权执行")
    assert not house.vehicle.commands
    assert not house.told()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"role": "KING"}, "role"),
        ({"role": 7}, "role"),
        ({"person": "Zheng", "role": "PILOT"}, "person"),
        ({"role": "PILOT", "is_automatic": True}, "is_automatic"),
        ({"role": "PILOT", "force": True}, "force"),
        ([], ""),
    ],
)
async def test_a_body_that_says_who_asks_or_too_much_is_refused_by_name(
    house: House, body: object, word: str
) -> None:
    for path in ("/api/sortie/return", "/api/speaker/stop", f"/api/alerts/{ALERT}/acknowledge"):
        answer = await house.http.post(path, json=body)
        assert answer.status_code == 422
        assert word in sentence_of(answer)
    assert not house.vehicle.commands


async def test_what_does_not_exist_is_answered_with_404_and_its_name(house: House) -> None:
    await house.has_alert()
    for path, role, body, words in UNKNOWN:
        answer = await house.post(path, role, **body)
        assert (answer.status_code, answer.json()["error"]) == (404, words)


async def test_an_alert_is_acknowledged_by_name_and_only_then_spoken_to(house: House) -> None:
    await house.has_alert()
    early = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert (early.status_code, "acknowledge it" in sentence_of(early)) == (409, True)
    answer = await house.post(f"/alerts/{ALERT}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Wu")
    released = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert released.status_code == 202
    assert released.json()["template"] == "T01"
    await house.until(lambda: "announcement.played" in house.told())
    assert house.speaker.played == [released.json()["id"]]
    assert house.shown.get("announcement")["state"] == "PLAYED"
    assert house.shown.get("alert")["state"] == "OBSERVING"


async def test_words_that_a_rule_forbids_are_answered_with_every_finding(house: House) -> None:
    await house.has_alert()
    await house.post(f"/alerts/{ALERT}/acknowledge")
    house.clock.now_s += 13 * 3600.0  # half past ten in the evening
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01")
    assert answer.status_code == 409
    assert "release.night" in {finding["code"] for finding in answer.json()["findings"]}
    assert all(f["text"] and f["text_zh"] for f in answer.json()["findings"])
    assert not house.speaker.played
    assert house.shown.get("alert")["state"] == "ACKNOWLEDGED"


async def test_a_loudspeaker_that_is_away_is_told_with_503(house: House) -> None:
    answer = await house.post("/speaker/stop", "ANNC")
    assert (answer.status_code, sentence_of(answer)) == (503, "the loudspeaker does not answer")


@pytest.mark.parametrize("repeat", [0, 3, "2", 1.5, True])
async def test_words_are_released_to_be_played_once_or_twice(house: House, repeat: object) -> None:
    await house.has_alert()
    answer = await house.post(f"/alerts/{ALERT}/announce", "ANNC", template="T01", repeat=repeat)
    assert answer.status_code == 422
    assert "repeat" in sentence_of(answer)
