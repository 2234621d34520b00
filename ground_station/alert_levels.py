"""How grave what a rule has found is (DOMAIN 4.3): the rule's own numbers say it."""

from __future__ import annotations

import enum

from patrol.errors import Refused
from patrol.sighting import Sighting, SightingKind
from vision.crowd_rules import CrowdRules


class AlertLevel(enum.Enum):
    """How grave; ADVISORY asks for no response and is never an alert by itself."""

    ADVISORY = "ADVISORY"
    AMBER = "AMBER"
    RED = "RED"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Graver is more."""
        return _ORDER.index(self)

    @property
    def is_grave(self) -> bool:
        """People may be hurt: nothing that was decided before keeps this from being told."""
        return self.rank >= AlertLevel.RED.rank


_ORDER = (AlertLevel.ADVISORY, AlertLevel.AMBER, AlertLevel.RED, AlertLevel.CRITICAL)


def level_of(sighting: Sighting, rules: CrowdRules) -> AlertLevel:
    """By its kind, and of a density by its upper bound: who may be crushed is not counted low.

    Refused for a density that was not measured: unknown is neither safe nor critical.
    """
    if sighting.kind is not SightingKind.DENSITY:
        return AlertLevel.AMBER
    density = sighting.density_high_per_m2
    if density is None:
        raise Refused(
            f"sighting {sighting.sighting_id} has no density: unknown is not crowded",
            text_zh=f"发现{sighting.sighting_id}没有密度测量值：未知不作拥挤",
        )
    if density >= rules.density_critical_per_m2:
        return AlertLevel.CRITICAL
    if density >= rules.density_red_per_m2:
        return AlertLevel.RED
    return AlertLevel.AMBER if density >= rules.density_amber_per_m2 else AlertLevel.ADVISORY
