"""A browser as far as signing in is concerned: it keeps its cookie and the page's own secret."""

from __future__ import annotations

from typing import Any

import httpx

from tests.persons import PASSWORD
from tests.wire.test_web_api import House


class Browser:
    """Somebody at a console."""

    def __init__(self, house: House) -> None:
        self.http = house.client()
        self.csrf = "console"

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """A change, with the page's secret."""
        answer = await self.http.request(
            method,
            f"/api{path}",
            json=None if method == "DELETE" else body,
            headers={"X-GridPatrol": self.csrf},
        )
        told = answer.json() if answer.content else {}
        if isinstance(told, dict) and told.get("csrf"):
            self.csrf = told["csrf"]
        return answer

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """The same, as most changes are."""
        return await self.ask("POST", path, **body)

    async def sign_in(
        self, login: str, password: str = PASSWORD, *, is_shared: bool = False
    ) -> httpx.Response:
        """By password."""
        return await self.post("/session", login=login, password=password, is_shared=is_shared)

    async def enter(self, login: str, first: str, *, is_shared: bool = False) -> None:
        """The first time: with the first password, and on to one's own."""
        assert (await self.sign_in(login, first, is_shared=is_shared)).status_code == 200
        answer = await self.post("/session/password", old=first, new=PASSWORD)
        assert answer.status_code == 200, answer.text

    async def choose_pin(self, pin: str) -> None:
        """For shared consoles."""
        answer = await self.post("/session/pin", password=PASSWORD, pin=pin)
        assert answer.status_code == 204, answer.text

    async def sit(self, login: str, pin: str, role: str) -> httpx.Response:
        """Somebody sits down here."""
        return await self.post("/session/seats", login=login, pin=pin, role=role)
