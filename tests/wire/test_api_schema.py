"""A stranger (schemathesis) asks of the whole API what its description allows and what not.

The house it asks has every kind of record, and it is told their ids: what it asks for is there as
often as not. No answer is a fault of ours, none is undocumented, and none has another form than it
says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.full_house import Ids, fill
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)
EXAMPLES = 16  # of each operation, in each phase
# A stream without an end, and files that take a second each to set.
LEFT_OUT = r"/api/events|/files/"
# Operations that were asked, and that were done at least once. The others need two persons, a
# session, or a state that nobody comes upon by chance: test_whole_api.py does each of them.
TRIED_MIN, DONE_MIN = 75, 44


async def _stopped() -> None:
    return None


def with_ids(document: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """The description, which says of each id in an address which ones there are."""
    told: dict[str, Any] = json.loads(json.dumps(document))
    for roads in told["paths"].values():
        for road in roads.values():
            for asked in road.get("parameters", []):
                if asked["in"] == "path" and asked["name"] in ids:
                    there = ids[asked["name"]]
                    asked["schema"] = {"anyOf": [{"enum": there}, asked["schema"]]}
                    asked["examples"] = {one: {"value": one} for one in there}
    return told


def answered(events: Path) -> dict[str, set[int]]:
    """Which statuses came back of each operation."""
    found: dict[str, set[int]] = {}
    for line in events.read_text("utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        for case in scenario["recorder"].get("interactions", {}).values():
            answer = case["response"]
            if answer is not None:
                found.setdefault(scenario["recorder"]["label"], set()).add(answer["status_code"])
    return found


async def test_no_request_finds_a_fault_or_an_answer_that_is_not_documented(
    house: House, tmp_path: Path
) -> None:
    house.speaker.stop = _stopped  # type: ignore[method-assign]  # one that can be reached
    house.pictures.jpeg = b"\xff\xd8jpeg"
    ids = await fill(house)
    described, events = tmp_path / "openapi.json", tmp_path / "events.ndjson"
    described.write_text(json.dumps(with_ids(house.app.openapi(), ids)), "utf-8")
    headers = await house.let_in("Schema")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", house.web.url,
        "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(EXAMPLES),
        "--header", f"Authorization:{headers['Authorization']}",
        "--exclude-path-regex", LEFT_OUT, "--seed", "1", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "20",
        "--report", "ndjson", "--report-ndjson-path", str(events),
    ]  # fmt: skip
    done = await anyio.run_process(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path
    )
    told = done.stdout.decode()
    assert done.returncode == 0, told[-6000:]
    found = answered(events)
    reached = {name for name, statuses in found.items() if any(200 <= s < 300 for s in statuses)}
    assert len(found) >= TRIED_MIN, sorted(found)
    assert len(reached) >= DONE_MIN, sorted(set(found) - reached)
