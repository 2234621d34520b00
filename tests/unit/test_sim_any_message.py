"""Whatever a ground station sends in whole messages, the simulated aircraft lives and answers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.mission_items import FENCE, MISSION, RALLY

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
HEARD = [
    "HEARTBEAT", "COMMAND_LONG", "COMMAND_INT", "SET_MODE", "MANUAL_CONTROL",
    "GIMBAL_MANAGER_SET_PITCHYAW", "GIMBAL_MANAGER_SET_ATTITUDE", "MISSION_COUNT", "MISSION_ITEM",
    "MISSION_ITEM_INT", "MISSION_REQUEST", "MISSION_REQUEST_INT", "MISSION_REQUEST_LIST",
    "MISSION_CLEAR_ALL", "MISSION_SET_CURRENT", "MISSION_ACK", "MISSION_REQUEST_PARTIAL_LIST",
    "MISSION_WRITE_PARTIAL_LIST", "PARAM_SET", "PARAM_REQUEST_READ", "PARAM_REQUEST_LIST",
    "LOG_REQUEST_LIST", "LOG_REQUEST_DATA", "LOG_REQUEST_END", "LOG_ERASE",
]  # fmt: skip
CLASSES = [kind for kind in mavlink.mavlink_map.values() if kind.msgname in HEARD]
COMMANDS = [16, 20, 21, 22, 34, 176, 178, 185, 186, 192, 195, 197, 224, 246, 300, 400, 410, 510,
            511, 512, 520, 1000, 1001, 31000]  # fmt: skip
ITEMS = [16, 17, 19, 20, 21, 22, 93, 177, 178, 195, 197, 1000, 1001, 5001, 5002, 5003, 5004, 5100]
RANGES = {
    "uint8_t": (0, 255), "int8_t": (-128, 127), "uint16_t": (0, 65535), "int16_t": (-32768, 32767),
    "uint32_t": (0, 2**32 - 1), "int32_t": (-(2**31), 2**31 - 1), "uint64_t": (0, 2**64 - 1),
}  # fmt: skip
numbers = st.sampled_from([0.0, 1.0, -1.0, 4.0, 29.0, math.nan, math.inf, -math.inf, 3e38]) | (
    st.floats(width=32)
)


@st.composite
def messages(draw: st.DrawFn) -> Any:  # noqa: ANN401
    kind = draw(st.sampled_from(CLASSES))
    fields = [draw(_value(kind, at)) for at in range(len(kind.fieldnames))]
    return kind(*fields)


def _value(kind: Any, at: int) -> st.SearchStrategy[Any]:  # noqa: ANN401
    name, type_ = kind.fieldnames[at], kind.fieldtypes[at]
    if name == "target_system":
        return st.just(1)
    if name in ("target_component", "seq", "count"):
        return st.sampled_from([0, 1])
    if name == "mission_type":
        return st.sampled_from([MISSION, FENCE, RALLY, 7, 255])
    if name == "frame":
        return st.sampled_from([0, 2, 3, 5, 6, 1])
    if name == "command":
        return st.sampled_from(COMMANDS if kind.msgname.startswith("COMMAND") else ITEMS)
    if type_ == "char":
        return st.sampled_from([b"RTL_TYPE", b"MPC_XY_CRUISE", b"NAV_ACC_RAD", b"GF_ACTION", b"X"])
    one = numbers if type_ == "float" else st.integers(*RANGES[type_])
    if name == "q":
        return st.lists(one, min_size=4, max_size=4)
    if name in ("x", "y") and type_ == "int32_t":
        return st.integers(-(2**31), 2**31 - 1) | st.sampled_from([232_800_000, 2**31 - 1])
    return one


@settings(max_examples=80, deadline=None)
@given(st.lists(messages(), min_size=1, max_size=12), st.booleans())
def test_no_whole_message_ends_it_and_all_it_tells_can_be_sent(
    sent: list[Any], is_flying: bool
) -> None:
    aircraft = SimAircraft(
        home=HOME, home_elevation_amsl_m=12.0, clock=SimClock(datetime(2026, 11, 24, tzinfo=UTC))
    )
    pilot = aircraft.autopilot
    if is_flying:
        pilot.arm()
        pilot.model.up_m = 30.0
        pilot.hold()
    speaker = mavlink.MAVLink(None, srcSystem=255, srcComponent=190)
    for number, message in enumerate(sent):
        for heard in mavlink.MAVLink(None).parse_buffer(message.pack(speaker)) or []:
            aircraft._take(heard, float(number))
        aircraft._missions.ask_again(number + 0.3)
        for _ in range(5):
            pilot.step(0.5)
            aircraft._effects.step(0.5, float(number))
        aircraft.log.step()
        aircraft._send(aircraft._state.heartbeat())
        aircraft._send_state(aircraft._state._makers)
    assert math.isfinite(pilot.model.east_m + pilot.model.north_m + pilot.model.up_m)
