"""A station's HTTP API as the demo's director and auto-operator use it: by its address alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from patrol.cause import Role
from patrol.errors import Refused, Transient


class StationRefused(Refused):
    """The station said no; `findings` are as the API gave them."""

    def __init__(self, message: str, findings: list[dict[str, Any]], status: int) -> None:
        super().__init__(message)
        self.findings = findings
        self.status = status


class StationClient:
    """One named actor at a station, known by its token."""

    def __init__(self, url: str, *, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, timeout=20.0, trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(self, path: str, role: Role, **body: Any) -> dict[str, Any]:  # noqa: ANN401
        """Ask for something; StationRefused with the station's words."""
        try:
            answer = await self._http.post(path, json={"role": role.value} | body)
        except httpx.HTTPError as error:
            raise Transient(f"the station does not answer: {error!r}") from error
        content: dict[str, Any] = answer.json()
        if answer.is_error:
            raise StationRefused(
                content.get("error", answer.reason_phrase),
                content.get("findings", []),
                answer.status_code,
            )
        return content

    async def state(self) -> dict[str, Any]:
        """The station's present state."""
        try:
            answer = await self._http.get("/api/state")
        except httpx.HTTPError as error:
            raise Transient(f"the station does not answer: {error!r}") from error
        if answer.is_error:
            raise StationRefused(answer.text, [], answer.status_code)
        content: dict[str, Any] = answer.json()
        return content

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The story from its beginning; Transient when the station is gone."""
        try:
            async with self._http.stream("GET", "/api/events", timeout=None) as answer:
                if answer.is_error:
                    raise StationRefused(answer.reason_phrase, [], answer.status_code)
                async for line in answer.aiter_lines():
                    if line:
                        yield json.loads(line)
        except httpx.HTTPError as error:
            raise Transient(f"the station does not answer: {error!r}") from error
