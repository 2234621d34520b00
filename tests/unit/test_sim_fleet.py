"""What the simulator's fleet takes and refuses, before anything flies."""

from __future__ import annotations

import anyio
import pytest

from patrol.errors import ConfigError
from sim.fleet import Fleet, _parser
from sim.live import LiveStream


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--px4 /nowhere", "there is no /nowhere/bin/px4"),
        ("--px4 /nowhere --aircraft 11", "from 1 to 10 with --px4"),
        ("--px4 /nowhere --port 14600", "leave out --port"),
        ("--px4 /nowhere --fault GNSS_LOST", "not for a PX4"),
        ("--scenario /nowhere.json", "cannot be read"),
        ("--fault NONSENSE", "--fault: there is no fault 'NONSENSE'"),
        ("--speed 99", "--speed is from 0.1 to 20"),
        ("--speed nan", "--speed is from 0.1 to 20"),
        ("--aircraft 51", "--aircraft is from 1 to 50"),
        ("--aircraft 0", "--aircraft is from 1 to 50"),
        ("--port 65535 --aircraft 2", "there is no port 65536"),
        ("--fault SILENT:GP-3 --aircraft 2", "there is no aircraft 3 in this fleet"),
        ("--fault SILENT:0", "there is no aircraft 0 in this fleet"),
        ("--port 80", "--port is from 1024 on"),
        ("--wind much", "--wind wants SPEED,FROM"),
        ("--wind 99,10", "up to 40 m/s"),
    ],
)
def test_wrong_use_is_refused_in_one_sentence(options: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Fleet(_parser().parse_args(options.split()))
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_right_is_taken() -> None:
    Fleet(
        _parser().parse_args(["--aircraft", "50", "--wind", "6,045", "--fault", "PACKET_LOSS=5@60"])
    )


@pytest.mark.anyio
async def test_a_camera_is_wanted_only_when_somebody_looks_or_asks_what_it_shows() -> None:
    stream = LiveStream()
    with anyio.move_on_after(0.02) as waited:
        await stream.wait_until_wanted()
    assert waited.cancelled_caught
    with stream.reading():
        await stream.wait_until_wanted()
        seen = [stream.is_watched]
    assert [*seen, stream.is_watched] == [True, False]
    with anyio.fail_after(5.0):
        async with anyio.create_task_group() as asking:
            asking.start_soon(stream.parameter_sets)
            await stream.wait_until_wanted()
            asking.cancel_scope.cancel()
