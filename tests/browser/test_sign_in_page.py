"""Signing in as a person does it in a browser: first password, PIN, and a laptop that is shared."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from patrol.cause import Role
from tests.browser.chromium import ConsolePage, console_page
from tests.ground_core import GRID
from tests.persons import PASSWORD
from tests.wire.test_sign_in import made
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

PIN = "274936"


@pytest.mark.anyio
@pytest.mark.browser
@pytest.mark.timeout(300)
async def test_a_person_chooses_a_password_and_a_pin_and_acts_at_a_shared_laptop(
    house: House, tmp_path: Path
) -> None:
    await house.has_alert()
    first = await made(house, "huang", "Huang", Role.PILOT, Role.OPERATOR)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_show, house)
        await anyio.to_thread.run_sync(_sign_in_and_act, house.web.url, first, tmp_path)
        tasks.cancel_scope.cancel()
    assert house.shown.get("alert")["acknowledged_by"] == "Huang"


async def _show(house: House) -> None:
    """A station that lives patches its clock five times a second."""
    assert house.crowd.watch is not None
    house.crowd.show_alerts(house.crowd.watch)
    while True:
        house.board.set(clock={"utc": "2026-11-24T01:30:00.000Z", "speed": 1.0})
        await anyio.sleep(0.2)


def _sign_in_and_act(url: str, first: str, evidence: Path) -> None:
    with console_page(evidence, lambda: "a station without an aircraft") as page:
        page.open(url)
        fill(page, login="huang", password="not this one")  # noqa: S106
        page.press("sign-in-send")
        page.shown("sign-in-refused", within_s=20)
        fill(page, password=first)
        page.press("sign-in-send")
        fill(page, **{"old-password": first, "new-password": PASSWORD, "again-password": PASSWORD})
        page.press("sign-in-send")
        page.text_has("person-name", "Huang", within_s=20)
        page.press("open-own-pin")
        fill(page, **{"own-pin-password": PASSWORD, "own-pin-digits": PIN})
        page.press("own-pin-send")
        page.press("sign-out")
        fill(page, login="huang", password=PASSWORD)
        page.press("is-shared")
        page.press("sign-in-send")
        page.press("acknowledge", within_s=20)
        fill(page, pin=PIN)
        page.press("pin-send")
        page.attribute_is("alert-state", "data-state", ("ACKNOWLEDGED",), within_s=20)
        page.press("language")
        page.text_has("person-name", "Huang")
        _plan_under_another_role(page)
        assert page.policy_complaints() == []


def _plan_under_another_role(page: ConsolePage) -> None:
    """What was asked for is done once the PIN is given, on the screen where it was asked."""
    page.press("screen-plan")
    fill(page, **{"grid-search": f"{GRID}\n"})
    page.attribute_is("picked-grid", "data-code", (GRID,))
    page.press("plan")
    fill(page, pin=PIN)
    page.press("pin-send")
    page.shown("sortie-1", within_s=20)


def fill(page: ConsolePage, **fields: str) -> None:
    """Type into the fields of these names."""
    for name, text in fields.items():
        field = page.shown(name, within_s=20)
        field.clear()
        field.send_keys(text)
