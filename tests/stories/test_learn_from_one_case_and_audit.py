"""Story 10, learn from one case, and audit: three closed cases teach the others, and it is proved.

Nothing keeps pictures: a still is looked at while it is seen. So what an auditor can find are the
looks, and the absence of any image.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ground_station.commands.log import log_verify
from ground_station.store.chain import verify
from ground_station.store.schema import DATABASE_NAME
from tests.house_fakes import FakePictures
from tests.stories.conftest import Stage
from tests.stories.persons import Person

pytestmark = pytest.mark.anyio
DAY_S = 86_400.0
CASES = 3
IMAGES = {".jpg", ".jpeg", ".png", ".mp4", ".h264", ".webp"}


async def test_three_school_gate_cases_become_a_notice_and_an_auditor_proves_every_step(
    stage: Stage, tmp_path: Path
) -> None:
    street, cast = stage.street, stage.cast
    # Given three closed school-gate cases in 7 days
    numbers = []
    for _ in range(CASES):
        numbers.append(await closed_case(stage))
        street.clock.go_on(2 * DAY_S)
    similar = await cast["Fang"].looks(f"/cases/{numbers[-1]}/similar")
    assert [one["case_no"] for one in similar["items"]] == numbers

    # When the reviewer chooses 举一反三, then a notice draft citing the case numbers is made
    draft = await cast["Fang"].does("/notices", case_nos=numbers)
    assert draft["state_zh"] == "草稿"
    assert all(number in draft["text_zh"] for number in numbers)
    assert "校门口滞留" in draft["text_zh"]

    # after a second person approves
    steps = f"/notices/{draft['notice_id']}/steps"
    words = f"/notices/{draft['notice_id']}/files/txt"
    early = await cast["Xu"].tries(f"{steps}/publish")
    assert early.status_code == 409
    unread = await cast["Xu"].http.get(f"/api{words}", params={"purpose": "too early"})
    assert unread.status_code == 409
    own = await cast["Fang"].tries(f"{steps}/review")
    assert own.status_code == 403, "who drafts does not review"
    assert (await cast["Zheng"].does(f"{steps}/review"))["reviewed_by"] == "Zheng"

    # it is exported
    published = await cast["Xu"].does(f"{steps}/publish")
    assert (published["state"], published["drafted_by"]) == ("PUBLISHED", "Fang")
    (listed,) = (await cast["Guo"].looks("/notices"))["items"]
    assert listed["text_zh"] == draft["text_zh"]
    handed_out = await cast["Xu"].takes(words, purpose="to the communities' groups")
    assert handed_out.decode("utf-8") == draft["text_zh"] + "\n"
    (out,) = (await cast["Shen"].looks("/audit", object=draft["notice_id"], action="export"))[
        "items"
    ]
    assert (out["actor"], out["body"]["purpose"]) == ("Xu", "to the communities' groups")
    assert out["body"]["sha256"] == sha256(handed_out).hexdigest()

    # and an auditor verifies the hash chain
    pictures = street.desks.pictures
    assert isinstance(pictures, FakePictures)
    pictures.jpeg = b"\xff\xd8still"
    await street.patrol(cast["Zheng"], cast["Hong"])
    silent = await cast["Chen"].http.get("/api/picture/cam-1.jpg")
    assert silent.status_code == 422, "nobody looks without a reason"
    await cast["Chen"].takes("/picture/cam-1.jpg", purpose="is it a crowd?")
    seen = await cast["Shen"].looks("/audit", action="view.picture")
    proved = verify(tmp_path / DATABASE_NAME)
    assert proved.is_intact, proved.reason
    assert log_verify(tmp_path) == 0

    # sees every still view with reason and name
    (view,) = seen["items"]
    assert (view["actor"], view["object"]) == ("Chen", "cam-1")
    assert view["body"]["purpose"] == "is it a crowd?"
    other = await cast["Chen"].http.get("/api/audit")
    assert other.status_code == 403, "only an auditor reads it"

    # and finds no image for counts-only missions
    assert images_in(tmp_path) == []


def images_in(folder: Path) -> list[Path]:
    """Every picture or film that lies there."""
    return [path for path in folder.rglob("*") if path.suffix in IMAGES]


async def closed_case(stage: Stage) -> str:
    """Told by a citizen, filed, handled by one person, answered, and checked by another."""
    cast, at = stage.cast, stage.street.crowd_at
    report = await cast["Xu"].does(
        "/reports", kind="SCHOOL_GATE", text="放学时校门口很多人",
        place={"lat_deg": at.lat_deg, "lon_deg": at.lon_deg},
    )  # fmt: skip
    number = str((await cast["Xu"].does(f"/reports/{report['report_id']}/case"))["case_no"])
    for person, event, words in (
        ("Xu", "verify", {}),
        ("Xu", "file", {}),
        ("Guo", "accept", {}),
        ("Guo", "feed_back", {"reason": "已疏导", "found": "约二十人"}),
        ("Xu", "check", {"checker": "Ma"}),
    ):
        await moved(cast[person], number, event, **words)
    await cast["Xu"].does(f"/reports/{report['report_id']}/answer", text="已疏导，谢谢")
    await moved(cast["Ma"], number, "close")
    return number


async def moved(person: Person, number: str, event: str, **words: str) -> None:
    """One step of a case."""
    await person.does(f"/cases/{number}/steps/{event}", **words)
