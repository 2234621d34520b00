"""How long what is kept (DOMAIN 2.5, 2.7, P-3, P-9): versions with an approver, and legal holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select

from ground_station.store import audit, tables
from ground_station.store.rows import append_row
from patrol.cause import Cause
from patrol.errors import ConfigError, Refused

SHIPPED_POLICY = Path(__file__).parents[1] / "data" / "retention.json"
EVERYTHING = "*"  # what a hold covers when it covers all
_LEAST = {  # no approver may go below these
    "recording_days": (30, "Order 799 article 17"),
    "flight_data_days": (366, "CCAR-92 92.547"),
    "full_rate_days": (1, "a log is closed first"),
    "idle_telemetry_days": (1, "a sortie may still be given its telemetry"),
    "report_days": (30, "who reported may ask once more"),
    "replay_days": (1, "a command that is sent again within a day is done once"),
}
_LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """One version of the numbers."""

    version: str
    full_rate_days: int  # then a sortie's track is thinned
    thinned_interval_s: float
    flight_data_days: int  # then track and link logs are deleted
    idle_telemetry_days: int  # telemetry between sorties
    recording_days: int  # files below recordings/
    # Since a report was answered: then whom to call, its words and its picture's address go. A
    # policy of before says nothing of these two: then nothing of them is deleted.
    report_days: int | None = None
    replay_days: int | None = None  # answers to commands, kept to tell them again

    def findings(self) -> list[str]:
        """What is wrong with the numbers; empty when they may be approved."""
        wrong = [] if self.version.strip() else ["a policy has a version"]
        for name, (least, source) in _LEAST.items():
            value = getattr(self, name)
            if value is None:
                wrong.append(f"{name} is not said")
            elif not least <= value <= _LONGEST_DAYS:
                wrong.append(f"{name} is {value}: at least {least} ({source})")
        if not 0.2 <= self.thinned_interval_s <= 60.0:
            wrong.append(f"thinned_interval_s is {self.thinned_interval_s}: 0.2 to 60")
        if self.full_rate_days > self.flight_data_days:
            wrong.append("full_rate_days is longer than flight_data_days")
        return wrong


def read_policy(path: Path = SHIPPED_POLICY) -> RetentionPolicy:
    """Read a policy file; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    policy = _policy(body) if isinstance(body, dict) else None
    if policy is None:
        raise ConfigError(f"{path} is no retention policy: see the one in ground_station/data")
    if wrong := policy.findings():
        raise ConfigError(f"{path}: {'; '.join(wrong)}")
    return policy


def _policy(body: Mapping[str, Any]) -> RetentionPolicy | None:
    days = tuple(_LEAST)
    interval_s = body.get("thinned_interval_s")
    if not isinstance(body.get("version"), str) or type(interval_s) not in (int, float):
        return None
    if any(type(body.get(name)) is not int for name in days):
        return None
    return RetentionPolicy(
        version=body["version"],
        thinned_interval_s=float(body["thinned_interval_s"]),
        **{name: body[name] for name in days},
    )


def policy_in_force(connection: Connection) -> RetentionPolicy | None:
    """The policy that was approved last; None when nobody has approved any."""
    table = tables.retention_policies
    query = select(table.c.body_json).order_by(table.c.seq.desc()).limit(1)
    text = connection.execute(query).scalar()
    return None if text is None else RetentionPolicy(**json.loads(text))


def approve_policy(
    connection: Connection, policy: RetentionPolicy, cause: Cause, at_utc: datetime,
    *, is_exercise: bool,
) -> None:  # fmt: skip
    """Put a policy into force; Refused without a person's name or for a version that was used."""
    if not cause.actor.strip() or cause.is_automatic:
        raise Refused("a retention policy is approved by a person")
    if wrong := policy.findings():
        raise Refused("; ".join(wrong))
    table = tables.retention_policies
    used = select(table.c.seq).where(table.c.version == policy.version)
    if connection.execute(used).scalar() is not None:
        raise Refused(f"version {policy.version} was approved before: give the new one a new name")
    deed = _Deed("retention.approved", policy.version, cause, at_utc, is_exercise)
    _append(connection, table, deed, body=asdict(policy), extra={"version": policy.version})


def holds(connection: Connection) -> dict[str, str]:
    """What must not be deleted now, with the reason: sorties, missions or "*" for everything."""
    table = tables.legal_holds
    found: dict[str, str] = {}
    query = select(table.c.covers, table.c.event, table.c.reason).order_by(table.c.seq)
    for covers, event, reason in connection.execute(query):
        found.pop(covers, None)
        if event == "placed":
            found[covers] = reason
    return found


def hold(
    connection: Connection, covers: str, reason: str, cause: Cause, at_utc: datetime,
    *, is_lifted: bool = False, is_exercise: bool,
) -> None:  # fmt: skip
    """Place a legal hold or lift it; Refused without a reason or when there is nothing to lift."""
    if not reason.strip() or not covers.strip():
        raise Refused("a legal hold names what it covers, and why")
    if is_lifted and covers not in holds(connection):
        raise Refused(f"there is no legal hold on {covers}")
    event = "lifted" if is_lifted else "placed"
    deed = _Deed(f"hold.{event}", covers, cause, at_utc, is_exercise)
    said = {"covers": covers, "reason": reason.strip()}
    _append(connection, tables.legal_holds, deed, body=said, extra=said | {"event": event})


def held_by(found: Mapping[str, str], sortie: str) -> str:
    """The hold that covers a sortie, by itself or by its mission; empty when none does.

    Or a report or a case, by its number.
    """
    for covers in found:
        if covers in (EVERYTHING, sortie) or sortie.startswith(covers + "-"):
            return covers
    return ""


class _Deed(NamedTuple):
    """What was done to what, by whom, when, and whether only in an exercise."""

    action: str
    object_id: str
    cause: Cause
    at_utc: datetime
    is_exercise: bool


def _append(
    connection: Connection, table: Table, deed: _Deed, *,
    body: Mapping[str, Any], extra: Mapping[str, str],
) -> None:  # fmt: skip
    append_row(
        connection, table, cause=deed.cause, at_utc=deed.at_utc, is_exercise=deed.is_exercise,
        body=body, extra=extra,
    )  # fmt: skip
    audit.append(
        connection, action=deed.action, object_id=deed.object_id, body=body, cause=deed.cause,
        time_utc=deed.at_utc, is_exercise=deed.is_exercise,
    )  # fmt: skip
