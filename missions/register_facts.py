"""Reads what a register says of an area beside its border. ValueError says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from missions.codes import CodeForm, GridLevel
from missions.grid import AreaFacts, NoiseClass, Responsible

TIER_OF_LEVEL = {
    GridLevel.DISTRICT: "DISTRICT",
    GridLevel.STREET: "LARGE",
    GridLevel.COMMUNITY: "MIDDLE",
    GridLevel.GRID: "SMALL",
    GridLevel.SUBGRID: "SMALL",
}
FACT_KEYS = (
    "tier", "noise_class", "responsible", "sensitive_flags", "population_band",
    "valid_from", "valid_to",
)  # fmt: skip


def facts_of(properties: Mapping[str, Any]) -> AreaFacts:
    """The area's facts; what is absent or null stays empty."""
    tier, noise = properties.get("tier"), properties.get("noise_class")
    if tier is not None and tier not in TIER_OF_LEVEL.values():
        raise ValueError(
            f"its tier {tier!r} is none of {', '.join(dict.fromkeys(TIER_OF_LEVEL.values()))}"
        )
    return AreaFacts(
        tier=tier,
        noise_class=None if noise is None else NoiseClass(str(noise)),
        responsible=tuple(_person(entry) for entry in _list(properties, "responsible")),
        population_band=str(properties.get("population_band") or ""),
        valid_from=day_of(properties, "valid_from"),
        valid_to=day_of(properties, "valid_to"),
    )


def day_of(properties: Mapping[str, Any], key: str) -> date | None:
    """A date as YYYY-MM-DD, or None when there is none."""
    said = properties.get(key)
    if said is None or said == "":
        return None
    if not isinstance(said, str):
        raise ValueError(f"its {key} {said!r} is no date (such as 2026-01-01)")
    return date.fromisoformat(said)


def words_of(properties: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of words, or nothing."""
    words = _list(properties, key)
    if not all(isinstance(word, str) for word in words):
        raise ValueError(f"its {key} are no list of words")
    return tuple(words)


def flags_of(properties: Mapping[str, Any]) -> frozenset[str] | None:
    """None where the file says nothing; an empty list says that there is none."""
    if properties.get("sensitive_flags") is None:
        return None
    return frozenset(words_of(properties, "sensitive_flags"))


def form_of(body: Mapping[str, Any]) -> CodeForm | None:
    """The form of the register's own codes; None when it states none."""
    district, widths = body.get("district"), body.get("code_widths")
    if district is None and widths is None:
        return None
    if not isinstance(district, str):
        raise ValueError(f"its district {district!r} is no code")
    if widths is None:
        return CodeForm(district=district)
    if not isinstance(widths, list) or not all(type(width) is int for width in widths):
        raise ValueError(f"its code_widths {widths!r} are no list of whole numbers")
    return CodeForm(district=district, widths=tuple(widths))


def _list(properties: Mapping[str, Any], key: str) -> list[Any]:
    said = properties.get(key)
    if said is None:
        return []
    if not isinstance(said, list):
        raise ValueError(f"its {key} are no list")
    return said


def _person(entry: object) -> Responsible:
    if isinstance(entry, str):
        return Responsible(name=entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ValueError(f"whoever is responsible has no name: {entry!r}")
    return Responsible(
        name=entry["name"], duty=str(entry.get("duty") or ""), phone=str(entry.get("phone") or "")
    )
