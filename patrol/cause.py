"""Who caused something, under which role and through what; every audit row carries one."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Role(enum.Enum):
    """Roles of DOMAIN 5.1. Nobody holds the last two: the system's, and none at all."""

    PILOT = "PILOT"
    ANNOUNCER = "ANNC"
    REGISTRAR = "REG"
    LEADER = "LEAD"
    OPERATOR = "OPER"
    DISPATCHER = "DISP"
    SUPERVISOR = "SUPV"
    GRID_WORKER = "GW"
    GRID_HEAD = "GH"
    COMMUNITY = "COMM"
    STREET = "STREET"
    DEPARTMENT = "DEPT"
    REVIEWER = "REVIEW"
    AUDITOR = "AUDIT"
    PRIVACY = "PRIV"
    TESTER = "TEST"
    SYSTEM = "SYS"
    NONE = "NONE"  # a person who signs in or looks acts under no role


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`actor` is a person's name, a rule's id or a schedule's."""

    actor: str
    role: Role
    request_id: str = ""
    parent_id: str = ""
    is_automatic: bool = False  # a named auto-operator or a rule, never a person's hand
    held_for: str = (
        ""  # the part of the district, or the department, whose role it is; "": no one's
    )


def by_system(rule: str, parent_id: str = "") -> Cause:
    """A transition that the system makes by itself, naming the rule."""
    return Cause(actor=rule, role=Role.SYSTEM, parent_id=parent_id, is_automatic=True)
