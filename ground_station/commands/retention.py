"""`gridpatrol retention`: what is due by age, deleting it, approving the numbers, legal holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ground_station.commands.records_at import Opened, Place, person, run_on
from ground_station.store.policies import (
    RetentionPolicy,
    approve_policy,
    hold,
    holds,
    policy_in_force,
    read_policy,
)
from ground_station.store.retention import Due, Retention
from patrol.clock import utc_text
from patrol.errors import Refused


def retention_run(
    place: Place, *, is_dry_run: bool, policy_file: Path | None, is_clock_right: bool, as_json: bool
) -> int:
    """List what is due and, unless it is a dry run, do it; 0 when that is done."""

    async def work(records: Opened) -> int:
        policy, now = await records.store.read(policy_in_force), datetime.now(UTC)
        if policy_file is not None and not is_dry_run:
            raise Refused("a policy that is not approved is only tried: add --dry-run")
        is_approved = policy is not None and policy_file is None
        if not is_approved:
            policy = read_policy(policy_file) if policy_file is not None else read_policy()
        if not is_approved and not is_dry_run:
            raise Refused(
                "nobody has approved a retention policy: gridpatrol retention approve",
                text_zh="尚无经批准的保存期限：请先执行 gridpatrol retention approve",
            )
        assert policy is not None  # noqa: S101  # one of the two above
        job = Retention(
            store=records.store, telemetry=records.telemetry, folder=place.folder,
            is_exercise=records.is_exercise,
        )  # fmt: skip
        due = await job.due(policy, now)
        _show(due, policy, is_approved=is_approved, as_json=as_json)
        if not is_dry_run:
            done = await job.carry_out(policy, now, is_clock_right=is_clock_right)
            if not as_json:
                print(f"done: {len(done)} of {len(due)}")
        elif not as_json:
            print("dry run: nothing was deleted")
        return 0

    return run_on(place, work)


def retention_approve(place: Place, *, policy_file: Path | None, by: str | None) -> int:
    """Put a policy into force under a person's name."""
    policy = read_policy(policy_file) if policy_file is not None else read_policy()

    async def work(records: Opened) -> int:
        cause, now = person(by), datetime.now(UTC)
        await records.store.write(
            lambda c: approve_policy(c, policy, cause, now, is_exercise=records.is_exercise)
        )
        print(f"{policy.version} is in force, approved by {cause.actor}")
        return 0

    return run_on(place, work)


def retention_hold(
    place: Place, covers: str, *, reason: str, by: str | None, is_lifted: bool
) -> int:
    """Place a legal hold on a sortie, mission, report, case or everything ("*"), or lift it."""

    async def work(records: Opened) -> int:
        cause, now = person(by), datetime.now(UTC)
        await records.store.write(
            lambda c: hold(
                c, covers, reason, cause, now, is_lifted=is_lifted, is_exercise=records.is_exercise
            )
        )
        print(f"legal hold on {covers} {'lifted' if is_lifted else 'placed'} by {cause.actor}")
        return 0

    return run_on(place, work)


def retention_holds(place: Place, *, as_json: bool) -> int:
    """Show the holds that are in force."""

    async def work(records: Opened) -> int:
        found = await records.store.read(holds)
        if as_json:
            print(json.dumps(found, ensure_ascii=False))
        for covers, reason in found.items() if not as_json else ():
            print(f"{covers}: {reason}")
        return 0

    return run_on(place, work)


def _show(due: list[Due], policy: RetentionPolicy, *, is_approved: bool, as_json: bool) -> None:
    if as_json:
        for one in due:
            line = asdict(one) | {"last_utc": utc_text(one.last_utc), "policy": policy.version}
            print(json.dumps(line, ensure_ascii=False))
        return
    print(f"policy {policy.version}" + ("" if is_approved else " (not approved)"))
    for one in due:
        unit = "bytes" if one.action == "file.deleted" else "rows"
        kept = f"  KEPT: {one.kept_because}" if one.kept_because else ""
        name = one.object_id or "(between sorties)"
        print(f"{one.action}  {name}  {one.rows} {unit}, last {utc_text(one.last_utc)}{kept}")
    if not due:
        print("nothing is due")
