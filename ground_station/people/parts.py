"""Everything about persons, put together for one station."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from ground_station.people import rows
from ground_station.people.door import Door
from ground_station.people.journal import Journal
from ground_station.people.limits import RateLimit
from ground_station.people.links import Links
from ground_station.people.passwords import Cost, Passwords
from ground_station.people.persons import holds
from ground_station.people.pins import Pins
from ground_station.people.sessions import Lifetimes, Sessions
from ground_station.people.sign_in import LockOut, SignIn
from ground_station.people.space import require_space
from ground_station.settings import StationSettings
from ground_station.store.engine import Store
from patrol.cause import Role
from patrol.clock import SystemClock, WorldClock
from patrol.errors import ConfigError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """How hard it is to come in, and for how long one stays."""

    cost: Cost = Cost()
    lock_out: LockOut = LockOut()
    lifetimes: Lifetimes = Lifetimes()
    tries_per_minute: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What the web application is handed about persons; `now` is the machine's own time."""

    door: Door
    sign_in: SignIn
    pins: Pins
    links: Links
    sessions: Sessions
    store: Store
    now: Callable[[], datetime]

    async def knows(self, name: str, role: Role, place: str | None) -> bool:
        """Whether somebody of this name may act under the role there now."""
        persons = await self.store.read(lambda c: rows.all_persons(c, self.now()))
        return any(
            person.name == name and holds(person.grants, role, place)
            for person in persons
            if not person.is_disabled
        )

    async def has_anybody(self) -> bool:
        """Whether a first person has been made."""
        return await self.store.read(rows.has_persons)


def make_people(
    *,
    store: Store,
    is_exercise: bool,
    world_utc: Callable[[], datetime],
    now: Callable[[], datetime],
    now_s: Callable[[], float],
    strictness: Strictness | None = None,
) -> People:
    """Build it all; sessions run by the machine's clock, audit rows by the world's."""
    strict = strictness or Strictness()
    journal = Journal(store=store, world_utc=world_utc, is_exercise=is_exercise)
    passwords = Passwords(strict.cost)
    sessions = Sessions(store, strict.lifetimes)
    return People(
        door=Door(store=store, journal=journal, sessions=sessions, now=now, now_s=now_s),
        sign_in=SignIn(
            store=store,
            journal=journal,
            passwords=passwords,
            limit=RateLimit(strict.tries_per_minute, now_s),
            lock_out=strict.lock_out,
            lifetimes=strict.lifetimes,
        ),
        pins=Pins(store=store, journal=journal, passwords=passwords, lock_out=strict.lock_out),
        links=Links(store=store, journal=journal, lifetimes=strict.lifetimes),
        sessions=sessions,
        store=store,
        now=now,
    )


def people_of(settings: StationSettings, store: Store, world: WorldClock) -> People:
    """As the settings want it."""
    machine, strict = SystemClock(), settings.sign_in
    return make_people(
        store=store,
        is_exercise=settings.is_exercise,
        world_utc=world.now_utc,
        now=machine.now_utc,
        now_s=machine.monotonic_s,
        strictness=Strictness(
            cost=Cost(memory_kib=strict.argon2_memory_kib, rounds=strict.argon2_rounds),
            lock_out=LockOut(tries=strict.tries, lasts=timedelta(minutes=strict.locked_min)),
            lifetimes=Lifetimes(
                session=timedelta(hours=strict.session_h),
                idle=timedelta(minutes=strict.idle_min),
                pin=timedelta(minutes=strict.pin_min),
            ),
            tries_per_minute=strict.tries_per_minute,
        ),
    )


async def require_own_space(settings: StationSettings, store: Store) -> None:
    """ConfigError when the folder belongs to the other space; the store is closed then."""
    try:
        await store.read(lambda c: require_space(c, is_exercise=settings.is_exercise))
    except ConfigError:
        await store.close()
        raise


async def tell_if_nobody_can_sign_in(store: Store) -> None:
    """How the first person is made, on the station's log."""
    if not await store.read(rows.has_persons):
        _log.warning(
            "nobody can sign in yet",
            text="make the first person, also while the station runs: gridpatrol users add LOGIN "
            "--name NAME --role LEAD --config FILE (the file this station was started with)",
        )
