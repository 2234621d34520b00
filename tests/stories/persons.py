"""Who acts in the stories: persons who are signed in, each with their own roles and part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from ground_station.people.scopes import DISTRICT
from patrol.cause import Role
from tests.two_aircraft import TwoAircraft

COMMUNITY = "440512001002"  # 达濠社区
STREET = "440512001"  # 达濠街道

# Name, roles, part of the district. Nobody here holds two roles that have to be two persons.
CAST: dict[str, tuple[tuple[Role, ...], str]] = {
    "Zheng": ((Role.LEADER,), DISTRICT),
    "Hong": ((Role.PILOT,), DISTRICT),
    "Lin": ((Role.ANNOUNCER,), DISTRICT),
    "Chen": ((Role.REGISTRAR,), DISTRICT),
    "Wei": ((Role.OPERATOR,), DISTRICT),
    "Xu": ((Role.DISPATCHER,), DISTRICT),
    "Guo": ((Role.COMMUNITY,), COMMUNITY),
    "Su": ((Role.STREET,), STREET),
    "Ma": ((Role.SUPERVISOR,), DISTRICT),
    "Fang": ((Role.REVIEWER,), DISTRICT),
    "Shen": ((Role.AUDITOR,), DISTRICT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at a console of their own."""

    name: str
    http: httpx.AsyncClient

    async def tries(self, path: str, **body: Any) -> httpx.Response:
        """A button is pressed; whatever the answer is."""
        return await self.http.post(f"/api{path}", json=body)

    async def does(self, path: str, **body: Any) -> dict[str, Any]:
        """A button is pressed and it is done."""
        answer = await self.tries(path, **body)
        assert answer.is_success, f"{self.name} {path}: {answer.text}"
        done: dict[str, Any] = answer.json()
        return done

    async def looks(self, path: str, **wanted: Any) -> Any:  # noqa: ANN401  # JSON values
        """What this person is shown."""
        answer = await self.http.get(f"/api{path}", params=wanted)
        assert answer.is_success, f"{self.name} {path}: {answer.text}"
        return answer.json()

    async def takes(self, path: str, **wanted: Any) -> bytes:
        """A file."""
        answer = await self.http.get(f"/api{path}", params=wanted)
        assert answer.is_success, f"{self.name} {path}: {answer.text}"
        return answer.content


async def signed_in(station: TwoAircraft, name: str) -> Person:
    """One of the cast, with a token that carries their roles and nothing more."""
    roles, scope = CAST[name]
    headers = await station.let_in(name, roles=roles, scope=scope)
    return Person(name=name, http=station.client(headers))
