"""The whole story in the browser: a person sees the alert, answers it, reads what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground_station.people.demo import GUEST_NAME
from tests.browser.chromium import ConsolePage, console_page
from tests.browser.demo_process import running_demo
from tests.browser.planning import answer_the_call, plan_another_grid

PERSON = GUEST_NAME  # whom the demo's one-time link signs in
ALERT_WITHIN_S = 120.0  # wall: launch, flight to the crowd, on-delay
PLAYED_WITHIN_S = 30.0
VERDICT_WITHIN_S = 90.0


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_person_answers_an_alert_and_sees_the_crowd_leave(tmp_path: Path) -> None:
    arguments = ("--speed", "5", "--seed", "1", "--port", "0", "--data", str(tmp_path / "records"))
    with (
        running_demo(tmp_path, *arguments) as demo,
        console_page(tmp_path, demo.told) as page,
    ):
        page.open(demo.url)
        page.shown("exercise-mark")
        page.shown("map")
        page.shown("aircraft-panel")
        page.text_has("person-name", PERSON)
        plan_another_grid(page)
        answer_the_call(page, within_s=ALERT_WITHIN_S)
        _see_the_alert(page)
        _answer_it(page)
        _read_what_came_of_it(page)
        _change_the_language(page)
        assert page.errors() == []


def _see_the_alert(page: ConsolePage) -> None:
    page.shown("alert-card", within_s=ALERT_WITHIN_S)
    page.attribute_is("alert-state", "data-state", ("RAISED",))
    page.shown("story-alert.raised")
    page.text_has("alert-card", "at least")
    page.has_picture()
    page.text_has("video-age", "old")
    assert not page.all("connection-lost")


def _answer_it(page: ConsolePage) -> None:
    assert not page.shown("release").is_enabled(), "nothing is released before it is acknowledged"
    page.press("acknowledge")
    page.attribute_is("alert-state", "data-state", ("ACKNOWLEDGED",))
    page.shown("story-alert.acknowledged")
    assert not page.shown("release").is_enabled(), "nothing is released before it is armed"
    page.press("arm")
    page.press("release")
    page.shown("story-announcement.released")
    page.text_has("story-announcement.released", PERSON)


def _read_what_came_of_it(page: ConsolePage) -> None:
    page.shown("story-announcement.played", within_s=PLAYED_WITHIN_S)
    page.attribute_is("effect-verdict", "data-verdict", ("dispersed",), within_s=VERDICT_WITHIN_S)
    page.shown("story-effect")
    page.shown("story-case.filed")
    page.shown("case-card")


def _change_the_language(page: ConsolePage) -> None:
    assert page.page_language() == "en"
    page.press("language")
    assert page.page_language() == "zh-CN"
    page.text_has("story-effect", "人群已散开")
    page.text_has("effect-verdict", "已散开")
    page.shown("exercise-mark")
