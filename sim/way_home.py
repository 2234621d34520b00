"""The return manoeuvre that an aircraft's parameters, rally points and mission ask for."""

from __future__ import annotations

from sim.craft import Craft
from sim.manoeuvres import Return, here
from sim.return_path import return_path, return_up_m


def way_home(craft: Craft, *, is_on_mission: bool) -> Return:
    """From here, as RTL_TYPE, RTL_RETURN_ALT, RTL_DESCEND_ALT and RTL_CONE_ANG say."""
    model, parameters, at = craft.model, craft.parameters, here(craft.model)
    path = return_path(
        parameters.whole("RTL_TYPE"), here=at, frame=craft.frame, mission=craft.plan,
        rally=craft.rally, is_on_mission=is_on_mission,
    )  # fmt: skip
    ground_m = model.terrain(path.landing.east_m, path.landing.north_m)
    up_m = return_up_m(
        up_m=at.up_m, away_m=at.distance_m(path.landing),
        return_m=ground_m + parameters["RTL_RETURN_ALT"],
        descend_m=ground_m + parameters["RTL_DESCEND_ALT"], cone_deg=parameters["RTL_CONE_ANG"],
    )  # fmt: skip
    return Return(model, parameters, path, up_m, parameters["MPC_XY_CRUISE"])
