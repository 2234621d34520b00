"""In which grid the things lie that people ask for by id; LookupError for what there is not."""

from __future__ import annotations

from dataclasses import dataclass

from ground_station.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A grid's code (None: in no grid), and the words that would deny what is asked for.

    `units` are the codes of those whose it is, the owner's first: a department sees what is its
    own, wherever it lies.
    """

    code: str | None
    denial: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Looks in desks, records and register."""

    parts: Parts

    async def of_alert(self, alert_id: str) -> Place:
        """Where an alert lies."""
        desks = await self.parts.switchboard.of_alert(alert_id)
        alert = await desks.crowd.find(alert_id)
        return Place(code=alert.grid_code, denial=f"no alert {alert_id} in this sortie")

    async def of_announcement(self, announcement_id: str) -> Place:
        """For which grid words were meant."""
        denial = f"no announcement {announcement_id}"
        announcement = await self.parts.records.announcement(announcement_id)
        if announcement is None:
            raise LookupError(denial)
        return Place(code=announcement.grid_code, denial=denial)

    async def of_plan(self, plan_id: str) -> Place:
        """Which grid a plan is for."""
        code = self.parts.plans.found(plan_id).plan.grid_code
        return Place(code=code, denial=f"no plan {plan_id}")

    async def of_mission(self, mission_id: str) -> Place:
        """Which grid a mission patrols, over or not."""
        mission = await self.parts.records.missions.get(mission_id)
        return Place(code=mission.grid_code, denial=f"there is no mission {mission_id}")

    async def of_sortie(self, sortie_id: str) -> Place:
        """Which grid a sortie patrols."""
        denial = f"no open sortie {sortie_id}"
        record = await self.parts.records.sortie(sortie_id)
        if record is None:
            raise LookupError(denial)
        return Place(code=record.grid_code, denial=denial)

    async def of_any_sortie(self, sortie_id: str) -> Place:
        """Which grid a sortie patrolled, closed or not."""
        denial = f"there is no sortie {sortie_id}"
        record = await self.parts.records.sortie(sortie_id)
        if record is None:
            raise LookupError(denial)
        return Place(code=record.grid_code, denial=denial)

    async def of_grid(self, text: str) -> Place:
        """A grid by its code or name; UnknownGrid when the register has none."""
        code = self.parts.register.get(text).code
        return Place(code=code, denial=f"no grid {text!r} in the register")

    async def of_flight(self, aircraft: str | None) -> Place | None:
        """The grid that the aircraft flies over; None while it flies over none.

        LookupError for no aircraft of ours; Refused when none is named of several.
        """
        desks = self.parts.switchboard.named(aircraft)
        shown = self.parts.board.of(desks.aircraft).get("sortie")
        if not shown:
            return None
        return Place(code=shown.get("grid_code"), denial="no sortie is being flown")
