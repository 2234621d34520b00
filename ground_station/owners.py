"""Who answers for a grid at each tier. Never nobody: the district is the last resort."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from missions.codes import form_of_county
from patrol.errors import ConfigError

EXERCISE_RESPONSIBILITY_FILE = Path(__file__).parent / "data" / "responsibility_exercise.json"


class Tier(enum.Enum):
    """Escalation tier: 小网格, 中网格, 大网格, 区."""

    SMALL = "SMALL"
    MIDDLE = "MIDDLE"
    LARGE = "LARGE"
    DISTRICT = "DISTRICT"

    @property
    def zh(self) -> str:
        """The tier in the operator's words."""
        return _TIER_ZH[self]

    @property
    def above(self) -> Tier | None:
        """The next tier up; None above the district."""
        order = list(Tier)
        index = order.index(self) + 1
        return order[index] if index < len(order) else None


_TIER_ZH = {
    Tier.SMALL: "小网格",
    Tier.MIDDLE: "中网格（社区）",
    Tier.LARGE: "大网格（街道）",
    Tier.DISTRICT: "区中心",
}
# A department is no part of the grid tree: a D and a number of its own.
_DEPARTMENT = re.compile(r"^\d{6}D\d{2,4}$", re.ASCII)
# Length of the code that names a unit of the tier (DOMAIN 5.4); a leaf may have 15 or 17 digits.
_CODE_LENGTH = {Tier.MIDDLE: 12, Tier.LARGE: 9, Tier.DISTRICT: 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One unit and one person."""

    unit: str
    person: str
    code: str  # of the unit's grid
    tier: Tier
    phone: str = ""

    def stand_in(self) -> Owner:
        """Who plays this unit in an exercise: of its code and tier, and nobody to be rung up."""
        return replace(
            self, unit=f"{self.unit}（演练）", person=f"演练值班员 {self.code}", phone=""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityTable:
    """Named units by grid code, a pattern for the others, and the district above all.

    An exercise that has the district's real table gets stand-ins of its units, so that nothing of
    it reaches a real one, and no case of it is without an owner.
    """

    district: Owner
    named: Mapping[str, Owner]
    pattern: Mapping[Tier, Mapping[str, str]]
    is_exercise: bool

    @property
    def departments(self) -> Mapping[str, Owner]:
        """The departments by their codes."""
        return {code: owner for code, owner in self.named.items() if is_department(code)}

    def owner(
        self,
        *,
        grid_code: str | None,
        tier: Tier,
        for_exercise: bool,
        names: Mapping[str, str] | None = None,
    ) -> Owner:
        """The owner of a place at a tier. `names` are the register's names by code."""
        code = code_at(grid_code, tier)
        if code is None or tier is Tier.DISTRICT:
            return self._played(self.district, for_exercise)
        return self._played(self._of(code, tier, names or {}) or self.district, for_exercise)

    def owner_of(
        self, code: str, *, for_exercise: bool, names: Mapping[str, str] | None = None
    ) -> Owner | None:
        """The unit that a code of the grid tree or a department's code names; None for nobody."""
        if code == self.district.code:
            return self._played(self.district, for_exercise)
        found = self._of(code, tier_of_code(code), names or {})
        return None if found is None else self._played(found, for_exercise)

    def _played(self, owner: Owner, for_exercise: bool) -> Owner:
        return owner.stand_in() if for_exercise and not self.is_exercise else owner

    def _of(self, code: str, tier: Tier, names: Mapping[str, str]) -> Owner | None:
        if code in self.named:
            return self.named[code]
        pattern = self.pattern.get(tier)
        if pattern is None:
            return None
        name = names.get(code, code)
        return Owner(
            unit=pattern["unit"].format(name=name, code=code),
            person=pattern["person"].format(name=name, code=code),
            phone=pattern["phone"],
            code=code,
            tier=tier,
        )


def code_at(grid_code: str | None, tier: Tier) -> str | None:
    """The code of the tier's unit above a grid; None when the code does not reach down to it."""
    if not grid_code:
        return None
    length = _CODE_LENGTH.get(tier)
    if length is None:
        return grid_code if len(grid_code) in (15, 17) else None
    return grid_code[:length] if len(grid_code) >= length else None


def is_department(code: str) -> bool:
    """Whether a code names a department (440512D01) and no part of the grid tree."""
    return bool(_DEPARTMENT.match(code))


def tier_of_code(code: str) -> Tier:
    """The tier of a code: by its length in the tree; a department's (440512D01) is the district."""
    if is_department(code):
        return Tier.DISTRICT
    return {6: Tier.DISTRICT, 9: Tier.LARGE, 12: Tier.MIDDLE}.get(len(code), Tier.SMALL)


def read_responsibility(path: Path = EXERCISE_RESPONSIBILITY_FILE) -> ResponsibilityTable:
    """Read a responsibility table; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        table = ResponsibilityTable(
            district=_owner(body["district"]),
            named={str(item["code"]): _owner(item) for item in body["named"]},
            pattern={
                Tier(name): {key: str(row[key]) for key in ("unit", "person", "phone")}
                for name, row in body["pattern"].items()
            },
            is_exercise=bool(body["is_exercise"]),
        )
    except OSError as error:
        raise ConfigError(f"the responsibility table cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a responsibility table: {path}: {error!r}") from error
    return table


def responsibility_for(path: Path | None, *, is_exercise: bool) -> ResponsibilityTable:
    """The table that a station files by; ConfigError when a live one has none of its own.

    The sample's persons are invented: a live case handed to one of them would reach nobody.
    """
    if path is None and not is_exercise:
        raise ConfigError(
            "responsibility_file is missing in the settings: a live station must know "
            "who answers for the cases that it files"
        )
    table = read_responsibility(path or EXERCISE_RESPONSIBILITY_FILE)
    if table.is_exercise and not is_exercise:
        raise ConfigError(f"the responsibility table is an exercise's: {path}")
    return table


def _owner(body: Mapping[str, Any]) -> Owner:
    code = str(body["code"])
    tier = tier_of_code(code)
    owner = Owner(
        unit=str(body["unit"]),
        person=str(body["person"]),
        phone=str(body.get("phone", "")),
        code=code,
        tier=tier,
    )
    if not owner.unit.strip() or not owner.person.strip():
        raise ValueError(f"no unit or no person for {code}")
    if not is_department(code):
        # A unit that nobody could be given a role of would answer for nothing.
        form_of_county(code).level_of(code)
    return owner
