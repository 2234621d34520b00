"""Planning at the console as a leader does it, while the demo's own patrol is in the air."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import ConsolePage

GRID = "440512001002003"
PLANNED_WITHIN_S = 30.0


def plan_another_grid(page: ConsolePage) -> None:
    """Find a grid by its name, plan a sweep of it, read it, and put the leader's name under it."""
    page.press("screen-plan")
    page.shown("plan-map")
    page.text_has("due-title", "Due today")
    assert not page.shown("plan").is_enabled(), "nothing is planned before a grid is picked"
    page.shown("grid-search").send_keys("达濠社区 3", Keys.ENTER)
    page.attribute_is("picked-grid", "data-code", (GRID,))
    page.press("pattern-sweep")
    page.press("plan")
    page.shown("sortie-1", within_s=PLANNED_WITHIN_S)
    page.text_has("sortie-1", "km")
    page.attribute_is("lens-say", "data-say", ("yes",))
    page.text_has("checks", "第十九条")
    page.attribute_is("clearance-say", "data-cleared", ("true",))
    assert not page.shown("launch").is_enabled(), "nothing is launched before it is approved"
    page.press("approve")
    page.text_has("sortie-1", "approved by")
    page.text_has(f"due-{GRID}", "cleared")
    _change_what_is_asked(page)
    _cancel_it(page)


def _change_what_is_asked(page: ConsolePage) -> None:
    """What was planned is not what the form says by now: it says so until it is planned again."""
    page.press("pattern-corridor")
    page.text_has("plan", "two places")
    for _ in range(2):
        page.press("place-middle")
    page.text_has("places", "2")
    page.attribute_is("plan-map", "data-outdated", ("true",))
    page.press("pattern-sweep")
    page.attribute_is("plan-map", "data-outdated", ("false",))


def _cancel_it(page: ConsolePage) -> None:
    """What is given up before it takes off has a reason, and leaves the screen."""
    page.press("cancel-plan")
    page.press("cancel-reason-0")
    page.text_has("sorties", "press Plan")


def answer_the_call(page: ConsolePage, *, within_s: float) -> None:
    """An alert calls on this screen too, and leads to where it is answered."""
    page.shown("alert-call", within_s=within_s)
    page.press("alert-call")
    page.shown("alert-card")
