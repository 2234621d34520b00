"""What the stories share: a station, the street below its aircraft, and the cast."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stories.persons import CAST, Person, signed_in
from tests.stories.street import StoryClock, Street
from tests.two_aircraft import TwoAircraft, two_aircraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the stories happen."""

    station: TwoAircraft
    street: Street
    cast: dict[str, Person]


@asynccontextmanager
async def staged(folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    """A station in plain Python with its real desks, store and API, and everybody signed in."""
    clock = StoryClock()
    async with two_aircraft(folder, clock, **settings) as station:
        cast = {name: await signed_in(station, name) for name in CAST}
        yield Stage(station=station, street=Street(station, clock), cast=cast)
        for person in cast.values():
            await person.http.aclose()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """With the settings of an exercise."""
    async with staged(tmp_path) as made:
        yield made
