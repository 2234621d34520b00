"""Figures over the records, each with its n and interval."""

from __future__ import annotations

from typing_extensions import TypedDict

from ground_station.measuring.effects import CurvePoint, Share
from ground_station.measuring.kpis import Kpis
from ground_station.measuring.responses import Responses
from ground_station.shapes import recorded


@recorded(Share)
class ShareView(TypedDict):
    """k of n with its interval; of too few no share is named."""

    share: float | None


@recorded(CurvePoint)
class PointOfCurve(TypedDict):
    """How many of the crowds were still there after so long."""


@recorded(Responses)
class ResponsesView(TypedDict):
    """How fast alerts and cases were answered."""

    closed_on_time: ShareView
    reworked: ShareView


class EffectGroup(TypedDict):
    """The effect of one way of treating crowds, beside natural decay."""

    key: str
    treatment: str
    dispersed: ShareView
    relapsed: ShareView
    displaced: ShareView
    curve: list[PointOfCurve]


class PrecisionGroup(TypedDict):
    """How often alerts were right, and why they were dismissed where they were not."""

    key: str
    right: ShareView
    reasons: list[list[str | int]]  # the reason and how often, the commonest first


class Told(TypedDict):
    """Over which window figures are."""

    since: str
    until: str
    exercise: bool


class Grouped(Told):
    """How figures are grouped."""

    by: str


class Effects(Grouped):
    """Dispersal, relapse and displacement."""

    alerts: int
    items: list[EffectGroup]


class Precision(Grouped):
    """How often alerts were right."""

    alerts: int
    items: list[PrecisionGroup]


class ResponseTimes(Grouped):
    """How fast it went."""

    items: list[ResponsesView]


@recorded(Kpis)
class KpisView(Told):
    """The figures of the wall."""

    precision: ShareView
    relapsed: ShareView
    displaced: ShareView
    valid_looks: ShareView
    dispersed: dict[str, ShareView]
    responses: list[ResponsesView]
