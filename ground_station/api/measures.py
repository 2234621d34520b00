"""Figures over the records of the caller's part of the district, each with its n and interval."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request

from ground_station.api.answers.figures import (
    EffectGroup,
    Effects,
    KpisView,
    Precision,
    PrecisionGroup,
    ResponsesView,
    ResponseTimes,
    ShareView,
    Told,
)
from ground_station.api.asking import Moment, scopes_of
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.measuring import effects, kpis, precision, responses
from ground_station.measuring.counting import read_counted
from ground_station.measuring.effects import CurvePoint, Share
from ground_station.measuring.reading import (
    AnsweredAlert,
    Watched,
    Window,
    read_alert_count,
    read_answered,
    read_answers,
    read_watched,
)
from ground_station.measuring.watching import observed
from ground_station.parts import Parts
from ground_station.store.codec import encode
from patrol.errors import Refused

USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)


class AreaLevel(enum.Enum):
    """By what figures are grouped; at each level of the tree the totals are the same."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"

    @property
    def digits(self) -> int:
        """Of the code that names an area of the level."""
        return {"district": 6, "street": 9, "community": 12, "grid": 17}[self.value]


class By(enum.Enum):
    """Beside the levels of the tree."""

    TEMPLATE = "template"
    HOUR = "hour"
    RULE = "rule"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class _Asked:
    """The window, as it stands in the address."""

    def __init__(self, since: Moment | None = None, until: Moment | None = None) -> None:
        self.since: datetime | None = since
        self.until: datetime | None = until

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        until = self.until or now
        since = self.since or until - USUAL
        if not timedelta(0) < until - since <= LONGEST:
            raise Refused(
                f"a window ends after it begins and is {LONGEST.days} days at the most",
                text_zh=f"时段的结束须晚于开始，最长{LONGEST.days}天",
            )
        return since, until


Asked = Annotated[_Asked, Depends()]


def measure_routes(parts: Parts) -> APIRouter:
    """`/measures/...`; GET only."""
    routes = roads(tags=["measures"], prefix="/measures")

    _add_of_alerts(routes, parts)
    _add_of_times(routes, parts)
    return routes


def _add_of_alerts(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/effects")
    async def of_effects(request: Request, asked: Asked, by: By = By.TEMPLATE) -> Effects:
        """Dispersal, relapse and displacement beside natural decay; never "success" from one."""
        window, told = await _window(parts, request, asked)
        alerts, watched = await parts.centre.store.read(
            lambda c: (read_alert_count(c, window), read_watched(c, window))
        )
        items = await anyio.to_thread.run_sync(_effects, watched, by)
        return {**told, "by": by.value, "alerts": alerts, "items": items}

    @routes.get("/precision")
    async def of_precision(request: Request, asked: Asked, by: By = By.GRID) -> Precision:
        """How often an alert was right, and why it was dismissed where it was not."""
        key = _alert_key(by)
        window, told = await _window(parts, request, asked)
        alerts = await parts.centre.store.read(lambda c: read_answered(c, window))
        found = await anyio.to_thread.run_sync(precision.precision_by, alerts, key)
        items: list[PrecisionGroup] = [
            {"key": one.grid_code, "right": share_view(one.right), "reasons": encode(one.reasons)}
            for one in found
        ]
        return {**told, "by": by.value, "alerts": len(alerts), "items": items}


def _add_of_times(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/responses")
    async def of_responses(
        request: Request, asked: Asked, by: AreaLevel = AreaLevel.DISTRICT
    ) -> ResponseTimes:
        """How fast alerts and cases were answered, and how many wait."""
        window, told = await _window(parts, request, asked)
        answers = await parts.centre.store.read(lambda c: read_answers(c, window))
        found = await anyio.to_thread.run_sync(responses.responses_by, answers, by.digits)
        return {**told, "by": by.value, "items": [responses_view(one) for one in found]}

    @routes.get("/kpis")
    async def of_all(request: Request, asked: Asked) -> KpisView:
        """The figures of the wall."""
        window, told = await _window(parts, request, asked)
        caller = caller_of(request)
        codes = [grid.code for grid in parts.register.grids if caller.sees(grid.code)]
        counted = await parts.centre.store.read(lambda c: read_counted(c, window))
        return kpis_view(kpis.kpis_of(counted, codes), told)


async def _window(parts: Parts, request: Request, asked: _Asked) -> tuple[Window, Told]:
    caller, centre = caller_of(request), parts.centre
    since, until = asked.window(centre.casework.world.now_utc())
    await parts.people.door.note_look(caller, "measures")
    window = Window(
        from_utc=since, until_utc=until, is_exercise=centre.casework.is_exercise,
        scopes=scopes_of(caller),
    )  # fmt: skip
    told: Told = {"since": encode(since), "until": encode(until), "exercise": window.is_exercise}
    return window, told


def _effects(watched: Watched, by: By) -> list[EffectGroup]:
    seen = observed(watched)
    match by:
        case By.TEMPLATE:
            groups = effects.by_template(seen)
        case By.HOUR:
            groups = effects.by_hour(seen)
        case By.RULE:
            raise Refused(
                "effects are told by template, hour or place",
                text_zh="喊话效果只能按模板、时段或地点统计",
            )
        case _:
            groups = effects.by_place(seen, AreaLevel(by.value).digits)
    return [
        {
            "key": one.key,
            "treatment": one.treatment.value,
            "dispersed": share_view(one.dispersed),
            "relapsed": share_view(one.relapsed),
            "displaced": share_view(one.displaced),
            "curve": [_point_view(point) for point in one.curve],
        }
        for one in groups
    ]


def _point_view(point: CurvePoint) -> Any:  # noqa: ANN401  # its keys are drawn from the record
    """There are as many as there were crowds, so nothing is looked up that is known."""
    return {
        "seconds": point.seconds,
        "still_there": point.still_there,
        "low": point.low,
        "high": point.high,
        "at_risk": point.at_risk,
    }


def _alert_key(by: By) -> Callable[[AnsweredAlert], str]:
    match by:
        case By.TEMPLATE:
            raise Refused(
                "precision is told by place, rule or hour: no words made an alert",
                text_zh="告警准确率只能按地点、规则或时段统计：告警并非由喊话产生",
            )
        case By.RULE:
            return lambda alert: alert.rule
        case By.HOUR:
            return lambda alert: alert.hour
        case _:
            digits = AreaLevel(by.value).digits
            return lambda alert: (alert.grid_code or "")[:digits]


def share_view(share: Share) -> ShareView:
    """k of n with the interval; of too few no share is named."""
    view: Any = {
        "k": share.k, "n": share.n, "low": share.low, "high": share.high, "share": share.share,
    }  # fmt: skip
    shown: ShareView = view
    return shown


def spread_view(times: responses.Spread) -> dict[str, Any]:
    """How many, how long, and how many wait."""
    return {
        "n": times.n,
        "median_s": times.median_s,
        "p90_s": times.p90_s,
        "longest_s": times.longest_s,
        "waiting": times.waiting,
    }


def responses_view(one: responses.Responses) -> ResponsesView:
    """Times and both shares as they are told everywhere; written out, for there may be many."""
    shown: Any = {
        "key": one.key,
        "raised_to_acknowledged": spread_view(one.raised_to_acknowledged),
        "acknowledged_to_words": spread_view(one.acknowledged_to_words),
        "dispatched_to_accepted": spread_view(one.dispatched_to_accepted),
        "filed_to_closed": spread_view(one.filed_to_closed),
        "closed_on_time": share_view(one.closed_on_time),
        "reworked": share_view(one.reworked),
    }
    view: ResponsesView = shown
    return view


def kpis_view(found: kpis.Kpis, told: Told) -> KpisView:
    """All figures, shares as they are told everywhere."""
    shown: KpisView = {
        **told,
        "precision": share_view(found.precision),
        "relapsed": share_view(found.relapsed),
        "displaced": share_view(found.displaced),
        "valid_looks": share_view(found.valid_looks),
        "dispersed": {key: share_view(one) for key, one in found.dispersed.items()},
        "responses": [responses_view(one) for one in found.responses],
    }
    view: KpisView = encode(found) | shown
    return view
