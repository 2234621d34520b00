"""Stops the patrol for a candidate crowd at stand-off, keeps away from it, and lets it go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from ground_station.alerts import SAME_CROWD_M, AlertState, Outcome
from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import sighting_fields
from ground_station.pace import LookWindow
from ground_station.sortie_watch import SortieWatch
from ground_station.standoff import (
    Crowd,
    clearance_m,
    crowd_at,
    crowd_seen,
    hold_objection,
    near_objection,
    route_left,
    route_need_m,
    way_objection,
)
from patrol.cause import by_system
from patrol.geo import GeoPoint, distance_m
from patrol.plan import Finding
from patrol.sighting import Look, Sighting
from patrol.telemetry import FlightMode

_CANDIDATE_RULE = by_system("HJ-CROWD-1/gathering")
_STANDOFF_RULE = by_system("HJ-CROWD-1/overflight_guard")
_RESUME = by_system("look-hold.over")
_GOING_HOME = frozenset({FlightMode.RETURN, FlightMode.LAND})
_NEAR_LOOKS = 3  # valid looks in a row: one person placed wrongly once is no crowd coming nearer


class Desk(Protocol):
    """What this desk asks of the crowd desk."""

    def tell(self, name: str, fields: dict[str, Any]) -> None:
        """Show a recorded event."""
        ...

    def tell_and_record(self, name: str, fields: dict[str, Any]) -> None:
        """Record an event and show it."""
        ...

    async def is_known(self, watch: SortieWatch, sighting: Sighting) -> bool:
        """Whether this crowd is dealt with for now."""
        ...

    def in_background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run beside the looks."""
        ...

    async def kept(self, work: Callable[[], Awaitable[None]]) -> None:
        """Try until it is done."""
        ...


class HoldDesk:
    """One crowd is looked at, at a time; nothing here raises or judges."""

    def __init__(self, parts: CrowdParts, desk: Desk) -> None:
        self._parts = parts
        self._desk = desk

    async def candidate(self, watch: SortieWatch, sighting: Sighting) -> None:
        """Stop at stand-off and look, or go away from a crowd that is too near for that."""
        if watch.held_place is not None or await self._desk.is_known(watch, sighting):
            return
        await self.save_sighting(sighting)
        self._desk.tell("sighting", sighting_fields(sighting))
        objection = hold_objection(sighting, watch.plan)
        if objection is not None:
            self.put_off(watch, sighting.place, self._parts.rules.re_alarm_s)
            self._go_away(watch, sighting.place, objection)
            return
        watch.held_place, watch.held_since_utc = sighting.place, self._parts.world.now_utc()
        watch.held_reach_m, watch.near_looks = sighting.radius_m + sighting.error_m, 0
        self._parts.set_pace(LookWindow(duration_s=self._parts.rules.on_delay_s, is_leg=False))

        async def hold() -> None:
            await watch.runner.look_hold(
                sighting.place, "candidate crowd: look from stand-off", _CANDIDATE_RULE
            )

        self._desk.in_background(hold)

    def cleared(self, watch: SortieWatch, sighting: Sighting) -> None:
        """The crowd that it stopped for dissolved before the on-delay was over."""
        held = watch.held_place
        if watch.alert is None and held and distance_m(held, sighting.place) < SAME_CROWD_M:
            self._resume_unraised(watch)

    def keep_away(self, watch: SortieWatch, look: Look) -> None:
        """People who come nearer than the stand-off are not waited for."""
        place = watch.held_place
        if place is None or look.aircraft is None:
            return
        crowd = crowd_seen(place, look, self._parts.rules)
        if crowd is None:
            return
        height_m = look.aircraft_height_agl_m
        objection = near_objection(look.aircraft, height_m, crowd, watch.plan)
        watch.near_looks = watch.near_looks + 1 if objection else 0
        if objection is not None and watch.near_looks >= _NEAR_LOOKS:
            self._let_go(watch)
            self.put_off(watch, place, self._parts.rules.re_alarm_s)
            self._go_away(watch, place, objection)

    def is_late(self, watch: SortieWatch) -> bool:
        """Whether the hold has lasted as long as the approved plan allows.

        It is counted from the stop, and after words from their end: the last look belongs to it.
        """
        if watch.held_since_utc is None or watch.plan.look_hold is None:
            return False
        now, alert = self._parts.world.now_utc(), watch.alert
        held_s = (now - watch.held_since_utc).total_seconds()
        if alert is None:
            return held_s > 3 * self._parts.rules.on_delay_s
        if alert.state is AlertState.ANNOUNCING:
            return False
        spoken_utc = watch.spoken_utc
        if spoken_utc is not None:
            held_s = min(held_s, (now - spoken_utc).total_seconds())
        return held_s > watch.plan.look_hold.longest_s

    def give_up(self, watch: SortieWatch) -> None:
        """The patrol goes on; an alert that nobody has settled stays open for a person."""
        alert = watch.alert
        if watch.held_place is None:
            return
        if alert is None:
            self._resume_unraised(watch)
            return
        self._desk.tell_and_record(
            "hold.over",
            {
                "alert": alert.alert_id,
                "state": alert.state.value,
                "reason": "the hold has lasted as long as the plan allows; the alert is open",
                "reason_zh": "已达到计划允许的最长停留时间，告警仍未处理",
            },
        )
        self.resume(watch)

    def resume(self, watch: SortieWatch) -> None:
        """Done with this crowd: go on at the break point, if the way keeps clear of it."""
        place = watch.held_place
        if place is None:
            return
        # A crowd that was seen to leave may come back, and is then a relapse.
        if watch.alert is None or watch.alert.outcome is not Outcome.DISPERSED:
            again = timedelta(seconds=self._parts.rules.re_alarm_s)
            watch.done_places.append((place, self._parts.world.now_utc() + again))
        self._resume(watch, place)

    def put_off(self, watch: SortieWatch, place: GeoPoint, for_s: float) -> None:
        """No stop and no alert for a crowd here for so long; one that stands here then is new."""
        watch.put_off(place, self._parts.world.now_utc() + timedelta(seconds=for_s))

    def _resume_unraised(self, watch: SortieWatch) -> None:
        """No rule has spoken here: pass on for a moment, so as not to stop for it on and on."""
        if watch.held_place is not None:
            self.put_off(watch, watch.held_place, self._parts.rules.off_delay_s)
            self._resume(watch, watch.held_place)

    def _resume(self, watch: SortieWatch, place: GeoPoint) -> None:
        reach_m = watch.held_reach_m
        self._let_go(watch)
        go_on = partial(self._go_on, watch, place, reach_m)
        self._desk.in_background(lambda: self._desk.kept(go_on))

    async def save_sighting(self, sighting: Sighting) -> None:
        """Keep what was seen."""
        await self._parts.records.save_sighting(
            sighting,
            register_version=self._parts.register.version,
            is_exercise=self._parts.is_exercise,
            cause=_CANDIDATE_RULE,
            at_utc=self._parts.world.now_utc(),
        )

    def _let_go(self, watch: SortieWatch) -> None:
        watch.held_place, watch.held_since_utc, watch.alert_id = None, None, None
        watch.meter = None

    async def _go_on(self, watch: SortieWatch, place: GeoPoint, reach_m: float) -> None:
        if watch.is_over or watch.held_place is not None:
            return
        crowd = crowd_at(place, watch.looks, self._parts.rules, reach_m=reach_m)
        need_m = route_need_m(watch.plan, self._parts.rules)
        objection = way_objection(self._route_left(watch), crowd, need_m)
        if objection is None:
            await watch.runner.resume(_RESUME)
            self._parts.set_pace(watch.plan)
            return
        home_objection = way_objection(self._way_home(watch), crowd, need_m)
        self._tell_standoff(objection, "hold" if home_objection else "home")
        if home_objection is None:
            await watch.runner.bring_home(_STANDOFF_RULE, objection.text, objection.text_zh)

    def _go_away(self, watch: SortieWatch, place: GeoPoint, objection: Finding) -> None:
        """Home, or on along the route where that leads farther from the crowd. Never stay."""
        crowd = crowd_at(place, watch.looks, self._parts.rules, reach_m=0.0)
        is_home = self._is_home_better(watch, crowd)
        self._tell_standoff(objection, "home" if is_home else "route")
        sample = self._parts.latest()
        if sample is not None and sample.mode in _GOING_HOME:
            return  # it goes already, and asking again would begin the climb anew

        async def go() -> None:
            if is_home:
                await watch.runner.bring_home(_STANDOFF_RULE, objection.text, objection.text_zh)
            elif sample is not None and sample.mode is FlightMode.HOLD:
                await watch.runner.resume(_STANDOFF_RULE)
            self._parts.set_pace(watch.plan)

        self._desk.in_background(lambda: self._desk.kept(go))

    def _is_home_better(self, watch: SortieWatch, crowd: Crowd) -> bool:
        home_m = clearance_m(self._way_home(watch), crowd)
        return home_m >= clearance_m(self._route_left(watch), crowd)

    def _here(self, watch: SortieWatch) -> GeoPoint | None:
        sample = self._parts.latest()
        if sample is not None and sample.position is not None:
            return sample.position
        return next((look.aircraft for look in reversed(watch.looks) if look.aircraft), None)

    def _route_left(self, watch: SortieWatch) -> list[GeoPoint]:
        sample = self._parts.latest()
        return route_left(watch.plan, self._here(watch), sample.mission_item if sample else None)

    def _way_home(self, watch: SortieWatch) -> list[GeoPoint]:
        here, home = self._here(watch), watch.plan.home
        return [home] if here is None else [here, home]

    def _tell_standoff(self, objection: Finding, way: str) -> None:
        words, words_zh = _WAYS[way]
        self._desk.tell_and_record(
            "standoff",
            {
                "code": objection.code,
                "way": way,
                "reason": f"{objection.text}: {words}",
                "reason_zh": f"{objection.text_zh}：{words_zh}",
                "article": objection.article,
            },
        )


_WAYS = {
    "home": ("it goes home", "返航"),
    "route": ("it flies on along its route, which leads away", "沿航线继续飞离"),
    "hold": (
        "the way home is no better; it holds and the pilot decides",
        "返航路线同样受限，悬停等待操控员处置",
    ),
}
