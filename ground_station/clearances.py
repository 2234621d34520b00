"""What the records keep of a clearance: who was cleared for what, by which law, on which papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ground_station.store.codec import encode
from missions.clearance import Clearance


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearanceRecord:
    """One clearance. `sortie` is empty where the leader cleared the plan; at a launch it is named.

    It never changes: whatever is asked again is another record.
    """

    clearance_id: str
    sortie: str
    by: str
    clearance: Clearance


def log_entry(record: ClearanceRecord) -> dict[str, Any]:
    """The permit answers as a shift's log tells them: nobody has typed one."""
    cleared = record.clearance
    return {
        "clearance_id": record.clearance_id,
        "by": record.by,
        "asked_utc": encode(cleared.asked_utc),
        "law_version": cleared.law_version,
        "papers_sha256": cleared.papers_sha256,
        "aircraft_class": encode(cleared.aircraft_class),
        "is_permit_needed": cleared.is_permit_needed,
        "permit_ids": list(cleared.permit_ids),
        "answers": [
            {
                "rule_id": one.rule_id,
                "article": one.article,
                "outcome": one.outcome.value,
                "is_yes": one.is_yes,
                "text": one.text,
                "text_zh": one.text_zh,
                "source": one.source,
                "source_zh": one.source_zh,
            }
            for one in cleared.answers
        ],
    }
