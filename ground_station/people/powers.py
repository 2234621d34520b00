"""What each role may do: DOMAIN 5.1 and the columns "Who" of 5.3 as one table."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from patrol.cause import Role


class Verb(enum.Enum):
    """What not everybody may who is signed in; the rest is seen by scope alone."""

    SEE_VIDEO = "see_video"
    ACKNOWLEDGE = "acknowledge"
    DISMISS = "dismiss"
    ESCALATE = "escalate"
    ANNOUNCE = "announce"
    STOP_SPEAKING = "stop_speaking"
    PLAN = "plan"
    APPROVE_PLAN = "approve_plan"
    CANCEL_PLAN = "cancel_plan"
    LAUNCH = "launch"
    HOLD = "hold"
    RESUME = "resume"
    RETURN = "return"
    ABORT = "abort"
    SIGN_LOG = "sign_log"
    EXPORT = "export"
    READ_AUDIT = "read_audit"


_SQUAD = (Role.LEADER, Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR)

# Roles in the order in which a refusal names them.
ROLES_FOR: Mapping[Verb, tuple[Role, ...]] = {
    Verb.SEE_VIDEO: (*_SQUAD, Role.OPERATOR, Role.PRIVACY, Role.TESTER),
    Verb.ACKNOWLEDGE: (Role.OPERATOR, Role.REGISTRAR, Role.LEADER),
    Verb.DISMISS: (Role.REGISTRAR, Role.OPERATOR),
    Verb.ESCALATE: (Role.OPERATOR, Role.REGISTRAR, Role.LEADER),
    Verb.ANNOUNCE: (Role.ANNOUNCER,),
    Verb.STOP_SPEAKING: (Role.ANNOUNCER, Role.PILOT),
    Verb.PLAN: (Role.LEADER, Role.PILOT),
    Verb.APPROVE_PLAN: (Role.LEADER,),
    Verb.CANCEL_PLAN: (Role.LEADER, Role.PILOT),
    Verb.LAUNCH: (Role.PILOT,),
    Verb.HOLD: (Role.PILOT,),
    Verb.RESUME: (Role.PILOT,),
    Verb.RETURN: (Role.PILOT,),
    Verb.ABORT: (Role.PILOT, Role.LEADER),  # a leader's is a request
    Verb.SIGN_LOG: (Role.REGISTRAR, Role.PILOT),
    Verb.EXPORT: (
        Role.LEADER, Role.DISPATCHER, Role.STREET, Role.COMMUNITY, Role.REVIEWER, Role.AUDITOR,
        Role.PRIVACY,
    ),
    Verb.READ_AUDIT: (Role.AUDITOR, Role.PRIVACY),
}  # fmt: skip

# The pilot's veto is unconditional (R4): who sits as pilot never has to prove it again for these.
VETOES = frozenset({Verb.STOP_SPEAKING, Verb.HOLD, Verb.RETURN, Verb.ABORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Who may do a thing; a record's own table of states says in which state it may be done."""

    name: str  # as a refusal is told in the audit log
    roles: tuple[Role, ...]
    is_veto: bool = False


def power_of(verb: Verb) -> Power:
    """The table's row of a verb."""
    return Power(name=verb.value, roles=ROLES_FOR[verb], is_veto=verb in VETOES)


def may(role: Role, verb: Verb) -> bool:
    """Whether the table gives this role the verb."""
    return role in ROLES_FOR[verb]
