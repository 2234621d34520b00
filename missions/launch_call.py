"""The time in which a launch can still be called off: until take-off is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import anyio

from patrol.errors import Refused
from patrol.plan import Finding


class LaunchCall:
    """Open while upload, pre-flight and arming are under way; a person's return ends them.

    Only the wait for pre-flight is cut short. A command that is on its way to the aircraft is let
    arrive, and nothing is sent after it: armed on the ground, the autopilot disarms by itself.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._checking: anyio.CancelScope | None = None
        self._why: tuple[str, str] | None = None

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_open = False

    def call_off(self, reason: str, reason_zh: str) -> None:
        """It is not wanted any more."""
        self._why = reason, reason_zh
        if self._checking is not None:
            self._checking.cancel()

    def require_wanted(self) -> None:
        """Refused once somebody has called it off."""
        if self._why is not None:
            reason, reason_zh = self._why
            raise Refused(
                f"the launch was called off: {reason}", text_zh=f"起飞已取消：{reason_zh}"
            )

    async def checked(self, preflight: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
        """What pre-flight finds; Refused when the launch was called off before or meanwhile."""
        self.require_wanted()
        findings: list[Finding] = []
        with anyio.CancelScope() as self._checking:
            try:
                findings = await preflight()
            finally:
                self._checking = None
        self.require_wanted()
        return findings
