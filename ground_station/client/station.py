"""The verbs of a station's API: by whom is known from the token, under which role is said."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, Self, cast

from ground_station.client.answers import (
    Alert,
    Announcement,
    Case,
    Dispatch,
    Event,
    Json,
    Made,
    Report,
    Shift,
    State,
    TemplateText,
    Thread,
)
from ground_station.client.http import Query, StationHttp
from ground_station.client.live import LiveReader, Seen
from patrol.cause import Role


class StationClient:
    """One caller at a station, known by their token; close it, or use it in `async with`."""

    def __init__(self, url: str, *, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        self._url, self._token, self._tls = url, token, tls
        self.http = StationHttp(url, token=token, tls=tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    # Any road, also one that has no verb below.

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401  # JSON values
        """A JSON answer, not fetched again while it has not changed."""
        return await self.http.get(path, query)

    async def post(self, path: str, role: Role | None = None, **body: Any) -> Json:  # noqa: ANN401
        """Have something done, once; without a role, under the first that may."""
        said = {"role": role.value} | body if role is not None else body
        return cast("Json", await self.http.post(path, said))

    async def pages(self, path: str, **query: Any) -> AsyncGenerator[Json, None]:  # noqa: ANN401
        """Every row of a list, page by page."""
        asked: Query = query
        while True:
            page: Mapping[str, Any] = await self.http.get(path, asked)
            for item in page["items"]:
                yield item
            if not page.get("next"):
                return
            asked = {**query, "cursor": page["next"]}

    # What is seen.

    async def state(self) -> State:
        """The present state."""
        return cast("State", await self.get("/api/state"))

    async def events(self, since: int = 0) -> AsyncGenerator[Event, None]:
        """The story from an event on; Transient when the station is gone."""
        async for event in self.http.lines("/api/events", {"since": since}):
            yield event

    async def live(self, *, away_s: float = 60.0) -> AsyncGenerator[Seen, None]:
        """The state after every change; a connection that breaks is made again, nothing is lost."""
        reader = LiveReader(self._url, token=self._token, tls=self._tls, away_s=away_s)
        async for seen in reader.run():
            yield seen

    async def templates(self) -> list[TemplateText]:
        """The approved words."""
        return cast("list[TemplateText]", await self.get("/api/templates"))

    async def grids(self) -> Json:
        """The caller's part of the register, as GeoJSON."""
        return cast("Json", await self.get("/api/grids.geojson"))

    # From plan to landing.

    async def make_plan(self, grid_code: str, role: Role = Role.LEADER, **more: Any) -> Made:  # noqa: ANN401
        """A plan for a grid."""
        return cast("Made", await self.post("/api/plans", role, grid_code=grid_code, **more))

    async def approve_plan(self, made: Made, role: Role = Role.LEADER) -> Json:
        """Approve the very plan that was looked at."""
        path = f"/api/plans/{made['plan']['plan_id']}/approve"
        return await self.post(path, role, digest=made["digest"])

    async def launch(
        self, plan_id: str, declaration: Mapping[str, Any], role: Role = Role.PILOT
    ) -> str:
        """Fly an approved plan; the sortie's id."""
        answer = await self.post("/api/sorties", role, plan_id=plan_id, declaration=declaration)
        return str(answer["sortie"])

    async def command(self, verb: str, role: Role = Role.PILOT, **more: Any) -> Json:  # noqa: ANN401
        """`hold`, `resume` or `return`."""
        return await self.post(f"/api/sortie/{verb}", role, **more)

    async def sign(self, sortie: str, role: Role) -> Json:
        """Sign a landed sortie's log."""
        return await self.post(f"/api/sorties/{sortie}/sign", role)

    # From alert to words.

    async def acknowledge(self, alert_id: str, role: Role = Role.OPERATOR) -> Alert:
        """Take an alert."""
        return cast("Alert", await self.post(f"/api/alerts/{alert_id}/acknowledge", role))

    async def dismiss(self, alert_id: str, reason: str, role: Role = Role.OPERATOR) -> Alert:
        """A false alarm, and why."""
        path = f"/api/alerts/{alert_id}/dismiss"
        return cast("Alert", await self.post(path, role, reason=reason))

    async def escalate(self, alert_id: str, reason: str, role: Role = Role.REGISTRAR) -> Alert:
        """Hand an alert on to the grid as a case."""
        path = f"/api/alerts/{alert_id}/escalate"
        return cast("Alert", await self.post(path, role, reason=reason))

    async def announce(
        self,
        alert_id: str,
        template: str,
        role: Role = Role.ANNOUNCER,
        **more: Any,  # noqa: ANN401
    ) -> Announcement:
        """Release approved words."""
        path = f"/api/alerts/{alert_id}/announce"
        return cast("Announcement", await self.post(path, role, template=template, **more))

    async def announce_below(
        self,
        template: str,
        role: Role = Role.ANNOUNCER,
        **more: Any,  # noqa: ANN401
    ) -> Announcement:
        """Release approved words to whoever is below, without an alert."""
        answer = await self.post("/api/announcements", role, template=template, **more)
        return cast("Announcement", answer)

    async def stop_speaking(self, role: Role = Role.PILOT, **more: Any) -> Json:  # noqa: ANN401
        """Silence at once."""
        return await self.post("/api/speaker/stop", role, **more)

    # From report to a closed case.

    async def take_report(self, role: Role = Role.DISPATCHER, **told: Any) -> Report:  # noqa: ANN401
        """What a citizen told: `text`, `place` and more."""
        return cast("Report", await self.post("/api/reports", role, **told))

    async def open_case(self, report_id: str, role: Role = Role.DISPATCHER) -> Case:
        """A case of a report."""
        return cast("Case", await self.post(f"/api/reports/{report_id}/case", role))

    async def cases(self, **wanted: Any) -> AsyncGenerator[Case, None]:  # noqa: ANN401
        """Cases by their clock, page by page; `tier`, `state`, `unit` and more filter them."""
        async for case in self.pages("/api/cases", **wanted):
            yield cast("Case", case)

    async def case(self, case_no: str) -> Thread:
        """A case with all that belongs to it."""
        return cast("Thread", await self.get(f"/api/cases/{case_no}"))

    async def step(
        self,
        case_no: str,
        event: str,
        role: Role | None = None,
        **given: Any,  # noqa: ANN401
    ) -> Case:
        """One step of a case."""
        path = f"/api/cases/{case_no}/steps/{event}"
        return cast("Case", await self.post(path, role, **given))

    async def dispatches(self, **wanted: Any) -> AsyncGenerator[Dispatch, None]:  # noqa: ANN401
        """Tasks of units, the newest first, page by page; `state` filters them."""
        async for task in self.pages("/api/dispatches", **wanted):
            yield cast("Dispatch", task)

    async def dispatch(
        self, case_no: str, unit_code: str, task: str, role: Role = Role.DISPATCHER
    ) -> Dispatch:
        """A task to a unit."""
        path = f"/api/cases/{case_no}/dispatches"
        return cast("Dispatch", await self.post(path, role, unit_code=unit_code, task=task))

    async def answer_dispatch(
        self, dispatch_id: str, event: str, reply: str = "", role: Role | None = None
    ) -> Dispatch:
        """`accept`, `return` or `reply`."""
        path = f"/api/dispatches/{dispatch_id}/steps/{event}"
        return cast("Dispatch", await self.post(path, role, reply=reply))

    # The shift.

    async def open_shift(self, role: Role = Role.LEADER, **more: Any) -> Shift:  # noqa: ANN401
        """Open a shift."""
        return cast("Shift", await self.post("/api/shift", role, **more))

    async def shift(self, verb: str, role: Role, **more: Any) -> Shift:  # noqa: ANN401
        """`sign-in`, `hand-over`, `sign-out`, `plan`, `weather`, `note`, `sign` or `close`."""
        return cast("Shift", await self.post(f"/api/shift/{verb}", role, **more))
