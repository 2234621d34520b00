"""The station's routes as files, for their test flights, and the records of those."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from missions.formats import write_json
from missions.tested import TESTED_SUFFIX, route_findings
from patrol.errors import ConfigError, Refused
from patrol.plan import Finding, MissionPlan

_ABOUT_TESTS = "route.tested", "route.untested", "route.record_unreadable"


class RouteShelf:
    """A folder: every plan made is laid there, and its test flight's record beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, plan: MissionPlan) -> None:
        """Lay the plan there; Refused when it cannot be written."""
        await anyio.to_thread.run_sync(self._keep, plan)

    async def with_tests(self, plan: MissionPlan, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, and whether the route is TESTED by now: records come after the plan."""
        others = [finding for finding in findings if finding.code not in _ABOUT_TESTS]
        return [*others, *await anyio.to_thread.run_sync(self._about_tests, plan)]

    def _keep(self, plan: MissionPlan) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_json(self._folder / f"{plan.plan_id}.json", plan.to_dict())
        except (OSError, ConfigError) as error:
            raise Refused(
                f"the plan cannot be kept for its test flight: {error}",
                text_zh=f"无法保存供试飞用的计划：{error}",
            ) from error

    def _about_tests(self, plan: MissionPlan) -> list[Finding]:
        return route_findings(plan, sorted(self._folder.glob(f"*{TESTED_SUFFIX}")))
