"""What can go wrong with the simulated aircraft on demand; it reads as a test plan."""

from __future__ import annotations

import enum


class Fault(enum.Enum):
    """One line each; inject and clear at any moment."""

    SILENT = "stops talking and stops listening"
    ARM_DENIED = "refuses to arm and says why"
    TAKEOFF_ACKED_NOT_DONE = "acknowledges take-off and stays on the ground"
    UPLOAD_FIRST_REQUEST_LOST = "the first mission item request of an upload gets lost"
    MISSION_ACK_WRONG = "answers a whole upload with an error"
    GNSS_LOST = "loses its satellite position"
    BATTERY_LOW = "the battery drops to 12 %"
