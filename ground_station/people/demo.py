"""The persons of a demo: named automatic actors with tokens, a guest with a one-time link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ground_station.people.book import PeopleBook
from ground_station.people.errors import DoorRefused
from ground_station.people.persons import Grant
from patrol.cause import Role

GUEST, GUEST_NAME = "guest", "演练值班员 exercise guest"
_LASTS = timedelta(hours=24)
_SQUAD = (Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR, Role.LEADER, Role.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoKeys:
    """Tokens by the name of the actor, and the key of the guest's link; never written down."""

    tokens: Mapping[str, str]
    link: str


async def prepare_demo(book: PeopleBook, actors: Mapping[str, tuple[Role, ...]]) -> DemoKeys:
    """Make the demo's persons where they are missing, and fresh keys for all of them.

    DoorRefused outside an exercise: automatic persons and links exist only there.
    """
    present = {person.login: person for person in await book.everybody()}
    for person in present.values():
        is_taken = person.login in actors and not person.is_automatic
        if is_taken or (person.login == GUEST and person.has_password):
            raise DoorRefused(
                f"{person.login} is a person of this folder: the demo wants a folder of its own",
                f"{person.login} 是此数据目录中的真实人员：演示请另用目录",
            )
    tokens = {}
    for name, roles in actors.items():
        grants = [Grant(role=role) for role in roles]
        if name not in present:
            await book.add(name, name, grants, is_automatic=True)
        for old in await book.tokens(name):
            await book.revoke(name, old.token_id)
        _, tokens[name] = await book.make_token(name, purpose="demo", roles=roles, lasts=_LASTS)
    if GUEST not in present:
        grants = [Grant(role=role) for role in _SQUAD]
        await book.add(GUEST, GUEST_NAME, grants, has_password=False)
    return DemoKeys(tokens=tokens, link=await book.make_link(GUEST, lasts=_LASTS))
