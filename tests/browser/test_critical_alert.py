"""A critical crowd at the console: the station hands it on by itself, people still answer it."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from ground_station.alerts import AlertState
from patrol.cause import Role
from tests.browser.chromium import ConsolePage, console_page
from tests.browser.test_sign_in_page import fill
from tests.persons import PASSWORD
from tests.wire.test_critical_crowds import critical, the_alert
from tests.wire.test_sign_in import made
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture


@pytest.mark.anyio
@pytest.mark.browser
@pytest.mark.timeout(300)
async def test_a_critical_crowd_that_is_the_centres_already_is_acknowledged_and_spoken_to(
    house: House, tmp_path: Path
) -> None:
    alert, case = await critical(house)
    first = await made(house, "huang", "Huang", Role.OPERATOR, Role.ANNOUNCER)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_show, house)
        await anyio.to_thread.run_sync(_answer, house.web.url, first, case.case_no, tmp_path)
        tasks.cancel_scope.cancel()
    await house.until(lambda: "announcement.played" in house.told())
    kept = await the_alert(house, alert.alert_id)
    assert (kept.acknowledged_by, kept.state) == ("Huang", AlertState.OBSERVING)
    (words,) = await house.records.announcements()
    assert (words.template_id, words.released_by) == ("T04", "Huang")


async def _show(house: House) -> None:
    """A station that lives patches its clock five times a second."""
    while True:
        house.board.set(clock={"utc": "2026-11-24T01:30:00.000Z", "speed": 1.0})
        await anyio.sleep(0.2)


def _answer(url: str, first: str, case_no: str, evidence: Path) -> None:
    with console_page(evidence, lambda: "a station without an aircraft") as page:
        page.open(url)
        _sign_in(page, first)
        page.attribute_is("alert-state", "data-state", ("ESCALATED",), within_s=20)
        page.text_has("alert-card", case_no)
        page.text_has("alert-standing", "waits for you")
        assert not page.shown("arm").is_enabled(), "nothing is said before somebody has taken it"
        page.press("acknowledge")
        page.text_has("alert-standing", "acknowledged")
        page.press("arm")
        page.press("release")
        page.attribute_is("alert-state", "data-state", ("ANNOUNCING", "OBSERVING"), within_s=20)
        assert not page.all("alert-standing")


def _sign_in(page: ConsolePage, first: str) -> None:
    fill(page, login="huang", password=first)
    page.press("sign-in-send")
    fill(page, **{"old-password": first, "new-password": PASSWORD, "again-password": PASSWORD})
    page.press("sign-in-send")
    page.text_has("person-name", "Huang", within_s=20)
