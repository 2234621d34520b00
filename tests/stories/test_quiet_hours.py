"""Story 7, quiet hours: at night words are blocked with the article; the leader answers for more.

Nothing measures a critical density yet: the alert is that of the gathering rule. The leader, who
sees it, overrides what the rule for T04 asks for, with a reason.
"""

from __future__ import annotations

import pytest

from tests.stories.conftest import Stage

pytestmark = pytest.mark.anyio
TO_HALF_PAST_TEN_S = 13 * 3600.0  # the station's morning begins at 09:30 in Shanghai
T04 = "请注意，通道已满。请后面的朋友停止前进，原地等候，给前面的人留出空间。"
REASON = "CRITICAL density at the exit, I see it"
PEOPLE = 24


async def test_at_half_past_ten_t02_is_blocked_and_t04_plays_when_the_leader_answers_for_it(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    # Given 22:30 over housing and no emergency order
    street.clock.go_on(TO_HALF_PAST_TEN_S)
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(PEOPLE, 60.0)
    (raised,) = street.told("alert.raised")
    alert = f"/alerts/{raised['alert']}"
    await cast["Wei"].does(f"{alert}/acknowledge")

    # When the announcer presses T02, then it is BLOCKED with Art. 64 shown
    values = {"文号": "演练〔2026〕1号"}
    pressed = await cast["Lin"].tries(f"{alert}/announce", template="T02", values=values)
    assert pressed.status_code == 409
    (night,) = [one for one in pressed.json()["findings"] if one["code"] == "release.night"]
    assert night["level"] == "stop"
    assert "噪声污染防治法 Art. 64" in night["article"]
    assert "22:3" in night["text_zh"]
    assert street.told("announcement.blocked")
    assert street.speaker.played == []

    # When the leader overrides for a CRITICAL density with reason
    t04 = await cast["Lin"].tries(f"{alert}/announce", template="T04")
    blocked = t04.json()["announcement"]
    override = f"/announcements/{blocked}/override"
    not_the_leader = await cast["Lin"].tries(override, reason=REASON)
    assert not_the_leader.status_code == 403
    assert (await cast["Zheng"].tries(override, reason="")).status_code == 422
    await cast["Zheng"].does(override, reason=REASON)

    # then T04 plays
    await street.settled(lambda: street.told("announcement.played"))
    kept = await stage.station.records.announcement(blocked)
    assert kept is not None
    assert (kept.text, kept.state.value) == (T04, "PLAYED")
    assert street.speaker.played == [blocked]

    # and both names are logged
    assert (kept.released_by, kept.overridden_by, kept.reason) == ("Lin", "Zheng", REASON)
    rows = (await cast["Shen"].looks("/audit", object=blocked))["items"]
    assert {"Lin", "Zheng"} <= {row["actor"] for row in rows}
