"""What can go wrong with the simulated aircraft on demand; it reads as a test plan."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import anyio

from patrol.clock import WorldClock


class Fault(enum.Enum):
    """One line each; inject and clear at any moment."""

    # Mission transfer, read back (the failures that QGroundControl's own mock vehicle knows)
    READ_LIST_NO_ANSWER = "does not answer when asked for its list"
    READ_LIST_FIRST_LOST = "does not answer when asked for its list the first time"
    READ_COUNT_WRONG = "tells one item fewer than it has"
    READ_ITEM_0_NO_ANSWER = "does not give its first item"
    READ_ITEM_1_NO_ANSWER = "does not give its second item"
    READ_ITEM_1_FIRST_LOST = "does not give its second item the first time"
    READ_ITEM_0_WRONG_SEQUENCE = "gives another item for its first"
    READ_ITEM_1_WRONG_SEQUENCE = "gives another item for its second"
    READ_ITEM_0_ERROR = "answers with an error when asked for its first item"
    READ_ITEM_1_ERROR = "answers with an error when asked for its second item"
    # Mission transfer, upload
    WRITE_COUNT_NO_ANSWER = "does not ask for the first item of an upload"
    UPLOAD_FIRST_REQUEST_LOST = "the first mission item request of an upload gets lost"
    WRITE_REQUEST_1_NO_ANSWER = "does not ask for the second item of an upload"
    WRITE_REQUEST_0_WRONG_SEQUENCE = "asks for another item than the first of an upload"
    WRITE_REQUEST_1_WRONG_SEQUENCE = "asks for another item than the second of an upload"
    WRITE_REQUEST_0_ERROR = "answers the start of an upload with an error"
    WRITE_REQUEST_1_ERROR = "answers the first item of an upload with an error"
    WRITE_FINAL_ACK_NO_ANSWER = "does not acknowledge a whole upload"
    MISSION_ACK_WRONG = "answers a whole upload with an error"
    WRITE_FINAL_ACK_EARLY = "acknowledges an upload after its first item"
    STORED_ITEM_CHANGED = "stores one item otherwise than it was sent"
    STRAY_ACK = "acknowledges missions that nobody sent"
    STRAY_ITEM = "gives mission items that nobody asked for"
    STRAY_REQUEST = "asks for mission items of no upload"
    # The radio link, each way
    PACKET_LOSS = "loses % of all datagrams"
    DELAY = "holds every datagram for ms"
    DUPLICATION = "sends % of all datagrams twice"
    REORDERING = "sends % of all datagrams after later ones"
    CORRUPTION = "turns over bits in % of all datagrams"
    SILENT = "stops talking and stops listening"
    STREAM_SILENT = "stops sending one kind of message, by its MAVLink number"
    # The aircraft
    ARM_DENIED = "refuses to arm and says why"
    TAKEOFF_ACKED_NOT_DONE = "acknowledges take-off and stays on the ground"
    GNSS_LOST = "loses its satellite position"
    GNSS_JUMP = "its satellite position jumps east by m"
    COMPASS_ERROR = "its compass is off by degrees, and it knows that it is wrong"
    BATTERY_LOW = "the battery drops to 12 %"
    BATTERY_COLLAPSE = "the battery falls by % in a second"
    THRUST_LOSS = "loses % of its thrust: 25 is one motor; with half of it gone it tumbles, falls"
    WIND_GUST = "wind blows it east at m/s; some 15 can be held"
    CLOCK_JUMP = "its clock jumps by s"
    REBOOT = "its autopilot restarts, in the air too: silent for wall s, motors off"
    # What it carries
    VIDEO_FROZEN = "the camera repeats one picture"
    VIDEO_BLACK = "the camera's picture is black"
    VIDEO_GARBLED = "the camera's stream is damaged: % of its pictures"
    CAMERA_SERVER_DEAD = "the camera's RTSP server is gone"
    LOUDSPEAKER_DEAD = "the loudspeaker takes no clip"
    PAYLOAD_AGENT_DEAD = "the payload agent's process is killed (the one of `gridpatrol sim`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of a fault there can be."""

    default: float
    low: float
    high: float


_ANY_ERROR = Amount(default=1.0, low=1.0, high=15.0)  # MAV_MISSION_RESULT

AMOUNTS = {
    Fault.READ_ITEM_0_ERROR: _ANY_ERROR,
    Fault.READ_ITEM_1_ERROR: _ANY_ERROR,
    Fault.WRITE_REQUEST_0_ERROR: _ANY_ERROR,
    Fault.WRITE_REQUEST_1_ERROR: _ANY_ERROR,
    Fault.MISSION_ACK_WRONG: _ANY_ERROR,
    Fault.PACKET_LOSS: Amount(default=5.0, low=1.0, high=50.0),
    Fault.DELAY: Amount(default=200.0, low=1.0, high=5000.0),
    Fault.DUPLICATION: Amount(default=20.0, low=1.0, high=100.0),
    Fault.REORDERING: Amount(default=20.0, low=1.0, high=100.0),
    Fault.CORRUPTION: Amount(default=10.0, low=1.0, high=100.0),
    Fault.STREAM_SILENT: Amount(default=33.0, low=0.0, high=65535.0),  # GLOBAL_POSITION_INT
    Fault.GNSS_JUMP: Amount(default=200.0, low=-20_000.0, high=20_000.0),
    Fault.COMPASS_ERROR: Amount(default=60.0, low=-180.0, high=180.0),
    Fault.BATTERY_COLLAPSE: Amount(default=2.0, low=0.1, high=100.0),
    Fault.THRUST_LOSS: Amount(default=60.0, low=1.0, high=100.0),
    Fault.WIND_GUST: Amount(default=25.0, low=1.0, high=60.0),
    Fault.CLOCK_JUMP: Amount(default=3600.0, low=-1e9, high=1e9),
    Fault.REBOOT: Amount(default=3.0, low=0.1, high=600.0),
    Fault.VIDEO_GARBLED: Amount(default=50.0, low=1.0, high=100.0),
}

# Why PX4 would not arm with them.
ARMING_REFUSALS = {
    Fault.ARM_DENIED: "Arming denied: Resolve system health failures first",
    Fault.GNSS_LOST: "Arming denied: No valid global position estimate",
    Fault.COMPASS_ERROR: "Arming denied: Compass 0 inconsistent with heading estimate",
}

ORDER_FORM = "NAME[=VALUE][@T[..END]][:AIRCRAFT]"
_ORDER = re.compile(
    r"(?P<name>[A-Z0-9_]+)(=(?P<value>[^@:]+))?"
    r"(@(?P<at>[^:]+?)(\.\.(?P<end>[^:]+))?)?(:(?P<who>.+))?"
)
_WHO = re.compile(r"(GP-)?(?P<number>[0-9]{1,3})")


class Faults(set[Fault]):
    """Those that are at work now, each with how much of it there is."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        super().__init__(faults)
        self._values: dict[Fault, float] = {}

    def inject(self, fault: Fault, value: float | None = None) -> None:
        """Break something; ValueError when there cannot be so much of it."""
        if value is not None:
            self._values[fault] = allowed(fault, value)
        else:
            self._values.pop(fault, None)
        self.add(fault)

    def clear_one(self, fault: Fault) -> None:
        """Mend it."""
        self._values.pop(fault, None)
        self.discard(fault)

    def value(self, fault: Fault) -> float:
        """How much of it there is; 0 when it is not at work or has no measure."""
        if fault not in self or fault not in AMOUNTS:
            return 0.0
        return self._values.get(fault, AMOUNTS[fault].default)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOrder:
    """A fault to be injected at a moment, in world seconds after the start, and mended at another.

    `aircraft` counts from 1; None: every one of the fleet.
    """

    fault: Fault
    value: float | None = None
    at_s: float = 0.0
    end_s: float = math.inf
    aircraft: int | None = None


def allowed(fault: Fault, value: float) -> float:
    """The value, if there can be so much of that fault; ValueError in words."""
    amount = AMOUNTS.get(fault)
    if amount is None:
        raise ValueError(f"{fault.name} takes no value")
    if not amount.low <= value <= amount.high:
        raise ValueError(f"{fault.name} is from {amount.low:g} to {amount.high:g}, not {value:g}")
    return value


class UnknownFault(ValueError):
    """Nobody knows a fault of that name."""


def fault_named(name: str) -> Fault:
    """UnknownFault when there is no such fault."""
    try:
        return Fault[name]
    except KeyError:
        raise UnknownFault(f"there is no fault {name!r}") from None


def fault_order(text: str) -> FaultOrder:
    """Read ORDER_FORM; ValueError in words for whoever wrote it."""
    match = _ORDER.fullmatch(text)
    if match is None:
        raise ValueError(f"{ORDER_FORM} is wanted, not {text!r}")
    fault = fault_named(match["name"])
    value = None if match["value"] is None else allowed(fault, _number(match["value"]))
    at_s = 0.0 if match["at"] is None else _number(match["at"])
    if at_s < 0.0:
        raise ValueError(f"{fault.name} cannot come before the start ({at_s:g} s)")
    end_s = math.inf if match["end"] is None else _number(match["end"])
    if end_s <= at_s:
        raise ValueError(f"{fault.name} cannot end ({end_s:g} s) before it begins ({at_s:g} s)")
    return FaultOrder(
        fault=fault, value=value, at_s=at_s, end_s=end_s, aircraft=_aircraft(match["who"])
    )


def orders_for(number: int, orders: Iterable[FaultOrder]) -> list[FaultOrder]:
    """Those that the aircraft of that number follows."""
    return [order for order in orders if order.aircraft in (None, number)]


async def follow(orders: Sequence[FaultOrder], faults: Faults, clock: WorldClock) -> None:
    """Inject and mend each at its moment; the clock must have just started."""
    now_s = 0.0
    ends = ((order.end_s, True, order) for order in orders if math.isfinite(order.end_s))
    begins = ((order.at_s, False, order) for order in orders)
    for moment_s, is_end, order in sorted((*begins, *ends), key=_in_order):
        if moment_s > now_s:
            await clock.sleep(moment_s - now_s)
            now_s = moment_s
        if is_end:
            faults.clear_one(order.fault)
        else:
            faults.inject(order.fault, order.value)
        await anyio.lowlevel.checkpoint()


def _in_order(event: tuple[float, bool, FaultOrder]) -> tuple[float, bool]:
    """By time; of those of one moment, ends before beginnings."""
    moment_s, is_end, _ = event
    return moment_s, not is_end


def _aircraft(text: str | None) -> int | None:
    if text is None:
        return None
    match = _WHO.fullmatch(text)
    if match is None:
        raise ValueError(f"the aircraft's name or number is wanted after ':', not {text!r}")
    return int(match["number"])


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"a number is wanted, not {text!r}")
    return number
