"""Consoles of persons at a station that is a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx

from ground_station.commands.users import open_book
from patrol.clock import parse_utc
from tests.ground_core import lay_database
from tests.persons import CHEAP, with_token
from tests.plain_http import NO_TLS
from tests.stories.persons import CAST


class Console:
    """One person's, with a token for their own role."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._url, self._headers = url, headers

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Pressed, and done."""
        return self._ask("POST", path, json=body)

    def get(self, path: str, **wanted: str) -> dict[str, Any]:
        """Looked at."""
        return self._ask("GET", path, params=wanted)

    def _ask(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        answer = httpx.request(
            method, f"{self._url}/api{path}", headers=self._headers, trust_env=False, timeout=30.0,
            verify=NO_TLS, **what,
        )  # fmt: skip
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def keys_in(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Tokens of these of the cast, made while no station has the folder."""
    await anyio.to_thread.run_sync(lay_database, folder)
    async with open_book(folder, is_exercise=True, cost=CHEAP) as book:
        return {name: await with_token(book, name, *CAST[name]) for name in names}


def at_of(state: dict[str, Any], name: str) -> datetime | None:
    """When the story first tells of it."""
    told = (event["t_utc"] for event in state["story"] if event["event"] == name)
    first = next(told, None)
    return parse_utc(first) if first else None
