"""Prints the story: one JSON object a line, or sentences with a progress line for a person."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.status import Status

from ground_station.story_text import sentence


class StoryPrinter:
    """Standard output carries the story alone; notes go to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None

    def event(self, event: dict[str, Any]) -> None:
        """Print one event."""
        if self._as_json:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            self._out.print(sentence(event), markup=False)

    def note(self, text: str) -> None:
        """Say something that is not part of the story."""
        self._err.print(text, markup=False)

    def progress(self, text: str) -> None:
        """Refresh the progress line, where a person watches a terminal."""
        if self._as_json or not self._out.is_terminal:
            return
        if self._status is None:
            self._status = self._out.status(text)
            self._status.start()
        self._status.update(text)

    def done(self) -> None:
        """Take the progress line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None
