"""What the squad may press as things stand: shift, plan, flight, alerts, words, sightings."""

from __future__ import annotations

from collections.abc import Callable

from ground_station.casework.sightings import SightingEvent
from ground_station.shifts.shift import CREW, ShiftEvent
from ground_station.templates import load_templates
from ground_station.words.versions import VERSION_MACHINE, VersionState
from patrol.cause import Role
from tests.stories.walk_asks import Dice, who_may
from tests.stories.walk_house import PEOPLE, Ask, Kept, WalkHouse
from tests.two_aircraft import GRIDS, NAMES

TEMPLATES = load_templates()
_ROADS = {  # of the shift, by the event of its table
    ShiftEvent.SIGN_IN: "sign-in", ShiftEvent.HAND_OVER: "hand-over",
    ShiftEvent.SIGN_OUT: "sign-out",
}  # fmt: skip
_CREW_OF = {Role.PILOT: ("Hong",), Role.ANNOUNCER: ("Lin", "Bai"), Role.REGISTRAR: ("Chen",)}


def shift(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """The squad's shift from its opening to its close."""
    if not kept.in_states("shifts", "OPEN"):
        return Ask(person="Hong", path="/shift", body={"role": "PILOT", "squad": "一队"})
    event = dice.of((*ShiftEvent, ShiftEvent.SIGN_IN, ShiftEvent.SIGN, ShiftEvent.CLOSE))
    path = f"/shift/{_ROADS.get(event, event.value)}"
    role = dice.of(CREW)
    if event is ShiftEvent.SIGN:
        role = dice.of((Role.PILOT, Role.REGISTRAR))
    person = dice.of(_CREW_OF[role])
    match event:
        case ShiftEvent.PLAN:
            return Ask(person="Zheng", path=path, body={"grids": [dice.of(GRIDS)]})
        case ShiftEvent.WEATHER | ShiftEvent.NOTE:
            return Ask(person=person, path=path, body={"role": role.value, "text": "晴"})
        case ShiftEvent.CLOSE:
            return Ask(person=who_may((Role.REGISTRAR, Role.LEADER), dice), path=path, body={})
        case ShiftEvent.HAND_OVER:
            others = [name for name, (held, _) in PEOPLE.items() if role in held]
            body = {"role": role.value, "to": dice.of(others)}
            return Ask(person=person, path=path, body=body)
    return Ask(person=person, path=path, body={"role": role.value})


def plan(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A grid is planned from an aircraft's home, or a plan gets its name."""
    drawn = house.plans_drawn
    if not drawn or dice.is_one_in(3):
        number = dice.of((0, 0, 0, 1))
        body = {"grid_code": GRIDS[number], "aircraft": NAMES[number]}
        return Ask(person=who_may((Role.LEADER, Role.PILOT), dice), path="/plans", body=body)
    plan_id, digest = dice.of(sorted(drawn.items()))
    return Ask(person=who_may((Role.LEADER,), dice), path=f"/plans/{plan_id}/approve",
               body={"digest": digest})  # fmt: skip


def flight(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A plan is flown, held, called home, signed."""
    approved = [one["mission_id"] for one in kept.in_states("missions", "CLEARED")]
    flown = kept.in_states("missions", "ACTIVE")
    landed = [one for one in kept.bodies("sorties") if one["state"] in ("LANDED", "ABORTED")]
    if landed and not dice.is_one_in(4):
        person, role = dice.of((("Hong", "PILOT"), ("Chen", "REG")))
        path = f"/sorties/{dice.of(landed)['sortie_id']}/sign"
        return Ask(person=person, path=path, body={"role": role})
    if approved and not dice.is_one_in(3):
        body = {"plan_id": dice.of(approved)}
        return Ask(person="Hong", path="/sorties", body=body)
    if not approved and not flown:
        return plan(house, kept, dice)
    verb = dice.of(("hold", "resume", "return"))
    return Ask(person="Hong", path=f"/sortie/{verb}", body={"aircraft": dice.of(NAMES)})


def alert(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """An alert is answered, spoken to, passed on."""
    alerts = kept.in_states("alerts", "RAISED", "ACKNOWLEDGED", "OBSERVING", "PERSISTING")
    blocked = kept.in_states("announcements", "BLOCKED")
    if blocked and dice.is_one_in(2):
        path = f"/announcements/{dice.of(blocked)['announcement_id']}/override"
        return Ask(person=who_may((Role.LEADER,), dice), path=path, body={"reason": "亲眼所见"})
    if not alerts:
        return flight(house, kept, dice)
    one = dice.of(alerts)
    path = f"/alerts/{one['alert_id']}"
    if one["state"] == "RAISED" and not dice.is_one_in(4):
        person = who_may((Role.OPERATOR, Role.REGISTRAR, Role.LEADER), dice)
        return Ask(person=person, path=f"{path}/acknowledge", body={})
    match dice.of(("announce", "announce", "speak", "escalate", "dismiss", "stop")):
        case "announce":
            body = {"template": dice.of(sorted(TEMPLATES)), "repeat": dice.of((1, 2))}
            return Ask(person=who_may((Role.ANNOUNCER,), dice), path=f"{path}/announce", body=body)
        case "speak":
            words = {"text": dice.of(("请注意安全，有序离开", "穿红衣服的男子请离开"))}
            return Ask(person=who_may((Role.ANNOUNCER,), dice), path=f"{path}/speak", body=words)
        case "stop":
            return Ask(person=who_may((Role.ANNOUNCER, Role.PILOT), dice), path="/speaker/stop",
                       body={"aircraft": NAMES[0]})  # fmt: skip
        case verb:
            person = who_may((Role.OPERATOR, Role.REGISTRAR), dice)
            return Ask(person=person, path=f"{path}/{verb}", body={"reason": "现场核实"})


def sighting(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """The registrar's word on what the eye saw."""
    seen = sorted(kept.records["sightings"])
    if not seen:
        return flight(house, kept, dice)
    event = dice.of(tuple(SightingEvent))
    path = f"/sightings/{dice.of(seen)}/steps/{event.value}"
    return Ask(person="Chen", path=path, body={"people": dice.of((0, 7, 40)), "note": "看清了"})


def template(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A new wording, its approval, its end."""
    written = kept.bodies("template_versions")
    if len(written) < 3 and not (written and dice.is_one_in(2)):
        words = {
            "template_id": "T12",
            "zh": "巡查结束，祝大家平安。",
            "en": "The patrol has ended.",
        }
        return Ask(person=who_may((Role.ANNOUNCER, Role.LEADER), dice), path="/templates",
                   body=words)  # fmt: skip
    name, row = dice.of(sorted(kept.records["template_versions"].items()))
    possible = VERSION_MACHINE.possible(VersionState(row["state"]))
    event = dice.of(possible).value if possible else "retire"
    return Ask(person=who_may((Role.LEADER,), dice), path=f"/templates/{name}/steps/{event}",
               body={"reason": "改用旧词"})  # fmt: skip


OF_THE_SQUAD: tuple[Callable[[WalkHouse, Kept, Dice], Ask], ...] = (
    shift, plan, flight, flight, alert, alert, alert, sighting, template,
)  # fmt: skip
