"""`gridpatrol payload`: the loudspeaker's agent on the aircraft's own computer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence


def payload(options: Sequence[str]) -> int:
    """Become the agent: on the aircraft's computer nothing of the station stays in memory."""
    command = [sys.executable, "-m", "drone.agent", "--stay", *options]
    if sys.platform == "win32":  # where a process cannot become another
        return subprocess.run(command, check=False).returncode
    os.execv(sys.executable, command)  # noqa: S606  # no shell is wanted
