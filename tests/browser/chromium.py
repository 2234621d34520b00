"""Drives a headless Chromium through the console by its stable `data-testid` names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import chromium_path

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card, for the map
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1920,1080",
)
_CANVAS_STATISTICS = """
const canvas = document.querySelector('[data-testid="video-canvas"]');
const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
let count = 0, sum = 0, squares = 0;
for (let i = 0; i < pixels.length; i += 4 * 97) {
  const grey = (pixels[i] + pixels[i + 1] + pixels[i + 2]) / 3;
  count += 1; sum += grey; squares += grey * grey;
}
const mean = sum / count;
return [mean, Math.sqrt(Math.max(0, squares / count - mean * mean))];
"""


class ConsolePage:
    """The console in one browser window; every wait has a deadline and says what it waited for."""

    def __init__(self, driver: webdriver.Chrome, told: Callable[[], str]) -> None:
        self._driver = driver
        self._told = told

    def open(self, url: str) -> None:
        """Load the console."""
        self._driver.get(url)

    def all(self, testid: str) -> list[WebElement]:
        """Every element of that name now."""
        return self._driver.find_elements(By.CSS_SELECTOR, f'[data-testid="{testid}"]')

    def shown(self, testid: str, *, within_s: float = 10) -> WebElement:
        """The first element of that name, once it is visible."""

        def first() -> WebElement | None:
            return next((one for one in self.all(testid) if one.is_displayed()), None)

        found = self._wait(first, f"{testid} to be shown", within_s)
        assert isinstance(found, WebElement)
        return found

    def press(self, testid: str, *, within_s: float = 10) -> None:
        """Click a button as soon as it may be pressed."""

        def pressed() -> bool:
            button = self.all(testid)
            if not button or not button[0].is_enabled():
                return False
            button[0].click()
            return True

        self._wait(pressed, f"{testid} to be pressable", within_s)

    def attribute(self, testid: str, name: str) -> str:
        """An attribute of the first element of that name; empty when there is none."""
        found = self.all(testid)
        return (found[0].get_attribute(name) or "") if found else ""

    def attribute_is(
        self, testid: str, name: str, wanted: tuple[str, ...], *, within_s: float = 10
    ) -> str:
        """Wait until the attribute has one of the wanted values, and say which."""
        words = " or ".join(wanted)
        self._wait(
            lambda: self.attribute(testid, name) in wanted, f"{testid} to be {words}", within_s
        )
        return self.attribute(testid, name)

    def text_has(self, testid: str, part: str, *, within_s: float = 10) -> None:
        """Wait until the element says `part`."""
        self._wait(
            lambda: any(part in one.text for one in self.all(testid)),
            f"{testid} to say {part}",
            within_s,
        )

    def page_language(self) -> str:
        """The language that the page declares."""
        return str(self._driver.execute_script("return document.documentElement.lang"))

    def has_picture(self, *, within_s: float = 20) -> None:
        """Wait until the video's canvas shows something that is neither black nor of one colour."""

        def is_picture() -> bool:
            mean, deviation = self._driver.execute_script(_CANVAS_STATISTICS)
            return bool(mean > 16 and deviation > 3)

        self._wait(is_picture, "the video to show a picture", within_s)

    def errors(self) -> list[str]:
        """What the browser counts as an error: failed requests, exceptions, refusals by policy."""
        logs: list[dict[str, Any]] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in logs if entry["level"] == "SEVERE"]

    def policy_complaints(self) -> list[str]:
        """What the browser refused because of the station's content policy."""
        logs: list[dict[str, Any]] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in logs if "Content Security Policy" in entry["message"]]

    def _wait(self, condition: Callable[[], object], what: str, within_s: float) -> object:
        wait = WebDriverWait(
            self._driver,
            within_s,
            poll_frequency=0.2,
            ignored_exceptions=[StaleElementReferenceException],
        )
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            card = " / ".join(one.text for one in self.all("alert-card")) or "no alert"
            pytest.fail(
                f"waited {within_s:g} s for {what}.\nThe alert card says: {card}\n{self._told()}"
            )


@contextmanager
def console_page(evidence: Path, told: Callable[[], str]) -> Iterator[ConsolePage]:
    """A fresh browser; when the test fails, a picture of the console is left in `evidence`."""
    chromium, chromedriver = chromium_path(), shutil.which("chromedriver")
    assert chromium is not None, "left out where there is none"
    assert chromedriver is not None, "left out where there is none"
    options = Options()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={evidence / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(chromedriver))
    is_well = False
    try:
        yield ConsolePage(driver, told)
        is_well = True
    finally:
        if not is_well:
            driver.save_screenshot(str(evidence / "console.png"))
        driver.quit()
