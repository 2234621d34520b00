"""The rule set HJ-CROWD-1 as data (DOMAIN 4.3): proposals, versioned, each with an approver."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdRules:
    """The gathering rule and what goes with it, and the levels of the density rule."""

    ruleset: str = "HJ-CROWD-1"
    approver: str = "exercise default"
    link_distance_m: float = 2.0  # people nearer than this are linked
    n_raise: float = 10.0  # the lower bound must reach this
    radius_m: float = 15.0  # and the cluster must fit into this radius
    on_delay_s: float = 30.0
    on_delay_share: float = 0.7  # of the valid looks within the on-delay
    n_clear: float = 6.0
    off_delay_s: float = 60.0
    re_alarm_s: float = 300.0
    candidate_looks: int = 3  # valid looks in which the bound is reached
    same_place_m: float = 20.0  # sightings nearer than this are one crowd (DOMAIN 4.4)
    standoff_min_m: float = 30.0  # or the height above ground, if that is more
    # The density rule's levels, people a square metre, of the upper bound.
    density_amber_per_m2: float = 2.0
    density_red_per_m2: float = 3.5
    density_critical_per_m2: float = 5.0

    @property
    def gathering(self) -> str:
        """How records name the rule."""
        return f"{self.ruleset}/gathering"
