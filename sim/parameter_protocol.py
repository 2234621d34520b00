"""MAVLink's parameter protocol as PX4 speaks it: unknown names are not answered."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.parameters import Parameters

_HASH_NAME, _HASH_INDEX = "_HASH_CHECK", 65535
_UINT32 = 5  # MAV_PARAM_TYPE

Send = Callable[[Any], None]


class ParameterProtocol:
    """Answers requests about one set of parameters."""

    def __init__(self, parameters: Parameters, send: Send) -> None:
        self._parameters = parameters
        self._send = send

    def take(self, message: Any) -> bool:  # noqa: ANN401  # pymavlink's messages
        """Answer a message of this protocol; False when it is another's."""
        kind = message.get_type()
        if kind == "PARAM_REQUEST_LIST":
            self._tell_hash()
            for name in self._parameters.names:
                self._tell(name)
        elif kind == "PARAM_REQUEST_READ":
            self._read(message)
        elif kind == "PARAM_SET":
            self._set(message)
        else:
            return False
        return True

    def _set(self, message: Any) -> None:  # noqa: ANN401
        name = message.param_id
        if name not in self._parameters:
            return
        # PX4 takes no value of another kind; it tells what it still has.
        if message.param_type == self._parameters.kind(name):
            self._parameters.set_wire(name, message.param_value)
        self._tell(name)

    def _read(self, message: Any) -> None:  # noqa: ANN401
        names = self._parameters.names
        if message.param_index >= 0:
            if message.param_index < len(names):
                self._tell(names[message.param_index])
        elif message.param_id == _HASH_NAME:
            self._tell_hash()
        elif message.param_id in self._parameters:
            self._tell(message.param_id)

    def _tell(self, name: str) -> None:
        parameters = self._parameters
        self._send(
            mavlink.MAVLink_param_value_message(
                name.encode(),
                parameters.wire(name),
                parameters.kind(name),
                len(parameters.names),
                parameters.names.index(name),
            )  # fmt: skip
        )

    def _tell_hash(self) -> None:
        (carried,) = struct.unpack("<f", struct.pack("<I", self._parameters.checksum()))
        self._send(
            mavlink.MAVLink_param_value_message(
                _HASH_NAME.encode(), carried, _UINT32, len(self._parameters.names), _HASH_INDEX
            )
        )
