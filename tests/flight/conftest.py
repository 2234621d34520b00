"""What the flights share: the aircraft that `--px4` chooses, and a ledger of their minima."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patrol.geo import GeoPoint
from tests.conftest import MINIMA
from tests.flight.minima import FENCE_M, Minima
from tests.flight.twin import Twins

Ledger = Callable[..., Minima]


@pytest.fixture
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Twins:
    """The built-in aircraft, or with `--px4 DIR` a PX4."""
    folder = request.config.getoption("--px4")
    return Twins(px4_folder=Path(folder).resolve() if folder else None, work=tmp_path)


@pytest.fixture
def minima(request: pytest.FixtureRequest, twins: Twins) -> Iterator[Ledger]:
    """Opens the ledger of one flight; what it measured is told at the end, whatever came of it."""
    opened: list[Minima] = []

    def open_ledger(
        name: str, *, crowd: GeoPoint | None = None, fence_m: float = FENCE_M
    ) -> Minima:
        flown_on = "PX4" if twins.px4_folder else "sim"
        opened.append(Minima(name=name, flown_on=flown_on, crowd=crowd, fence_m=fence_m))
        return opened[-1]

    yield open_ledger
    request.node.user_properties.extend((MINIMA, str(one)) for one in opened)
