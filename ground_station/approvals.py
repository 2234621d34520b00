"""What is flown is what a person approved: the plan is held against the records by its digest."""

from __future__ import annotations

from ground_station.store.records import Records
from patrol.errors import Refused
from patrol.plan import MissionPlan

APPROVED = "plan.approved"
_SHOWN = 12  # characters of a digest: enough to see that two differ


async def require_approved(records: Records, plan: MissionPlan) -> None:
    """Refused unless the audit log has an approval of this very plan, and the records keep it so.

    The row of the approval is never changed: where the plan was altered since, in the station's
    memory or in the database, its digest fits no more. Both beginnings are told.
    """
    told = await records.notes(plan.plan_id, APPROVED)
    if not told:
        raise Refused(
            f"plan {plan.plan_id}: the records hold no approval of it",
            text_zh=f"计划{plan.plan_id}：记录中没有其批准",
        )
    approved = str(told[-1][1].get("record", {}).get("digest", ""))
    if plan.digest != approved:
        raise _differs(plan.plan_id, approved, plan.digest, "is to be flown", "准备执行的")
    kept = await _kept_digest(records, plan.plan_id)
    if kept != approved:
        raise _differs(plan.plan_id, approved, kept, "is in the records", "记录中的")


async def _kept_digest(records: Records, plan_id: str) -> str:
    """Of the plan as its row has it now, reckoned anew."""
    try:
        kept = await records.plan(plan_id)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(
            f"plan {plan_id}: what the records keep of it is no plan any more ({error})",
            text_zh=f"计划{plan_id}：记录中的内容已不是有效计划",
        ) from error
    return kept.digest if kept is not None else ""


def _differs(plan_id: str, approved: str, found: str, what: str, what_zh: str) -> Refused:
    theirs, ours = approved[:_SHOWN] or "none", found[:_SHOWN] or "none"
    theirs_zh, ours_zh = approved[:_SHOWN] or "无", found[:_SHOWN] or "无"
    return Refused(
        f"plan {plan_id} is not the one that was approved: digest {theirs}… was approved, "
        f"{ours}… {what}; plan it anew",
        text_zh=f"计划{plan_id}与所批准的不一致：批准的摘要为{theirs_zh}…，{what_zh}为{ours_zh}…；请重新规划",
    )
