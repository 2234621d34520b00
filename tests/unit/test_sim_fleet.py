"""What the simulator's fleet takes and refuses, before anything flies."""

from __future__ import annotations

import pytest

from patrol.errors import ConfigError
from sim.fleet import Fleet, _parser


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
        ("--port 65535 --aircraft 2", "65536 has to be a port as well"),
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
