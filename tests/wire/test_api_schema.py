"""A stranger (schemathesis) asks of the whole API what its description allows and what not.

No answer is a fault of ours, none is undocumented, and none has another form than it says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
# A stream without an end, and files that take a second each to set.
LEFT_OUT = r"/api/events|/files/report\.pdf"


async def _stopped() -> None:
    return None


async def test_no_request_finds_a_fault_or_an_answer_that_is_not_documented(
    house: House, tmp_path: Path
) -> None:
    house.speaker.stop = _stopped  # type: ignore[method-assign]  # one that can be reached
    headers = await house.let_in("Schema")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{house.web.url}/api/openapi.json",
        "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "4",
        "--header", f"Authorization:{headers['Authorization']}",
        "--exclude-path-regex", LEFT_OUT, "--seed", "1", "--continue-on-failure",
        "--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "20",
        "--report", "json", "--report-json-path", str(tmp_path / "report.json"),
    ]  # fmt: skip
    done = await anyio.run_process(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path
    )
    told = done.stdout.decode()
    assert done.returncode == 0, told[-6000:]
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report
