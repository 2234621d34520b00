"""Which wordings there are and which may be spoken: the shipped ones, and those written here.

A shipped wording is version 1 by "GridPatrol". In a live station it counts once a leader has
approved it; in an exercise at once. Nothing is kept of it before somebody takes a step with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import anyio

from ground_station.store.shelves import Shelves
from ground_station.templates import Template, reworded
from ground_station.words import versions
from ground_station.words.typed import LONGEST_CHARACTERS
from ground_station.words.versions import TemplateVersion, VersionEvent, VersionState, in_use
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import Refused

SHIPPED_BY = "GridPatrol"
_VERSIONS_KEPT = 5000  # far more than a district writes in its life


class WordingDesk:
    """Every verb records first. What is in use is read anew for each release."""

    def __init__(
        self,
        *,
        shipped: Mapping[str, Template],
        shelves: Shelves,
        world: WorldClock,
        is_exercise: bool,
    ) -> None:
        self._shipped, self._shelves = shipped, shelves
        self._world, self._is_exercise = world, is_exercise
        self._changing = anyio.Lock()

    async def versions(self) -> dict[str, TemplateVersion]:
        """Every wording by its version's id: the shipped ones first, then in order of writing."""
        return self._of_this_space(await self._kept())

    async def in_use(self) -> dict[str, Template]:
        """The newest approved wording of each template, by id."""
        return in_use((await self.versions()).values())

    async def to_speak(self, template_id: str) -> Template:
        """The wording in use; LookupError for no template, Refused while none is approved."""
        if template_id not in self._shipped:
            raise LookupError(f"no template {template_id}")
        template = (await self.in_use()).get(template_id)
        if template is None:
            raise Refused(
                f"no wording of template {template_id} is approved: a leader approves one first",
                text_zh=f"模板{template_id}尚无已批准的版本，须先由队长批准",
            )
        return template

    async def still_in_use(self, template_id: str, version: int) -> Template:
        """A wording that was picked before; Refused when it has been replaced or retired since."""
        template = await self.to_speak(template_id)
        if template.version != version:
            raise Refused(
                f"template {template_id} version {version} is no longer in use: "
                f"version {template.version} is",
                text_zh=f"模板{template_id}第{version}版已停用，现为第{template.version}版",
            )
        return template

    async def write(self, template_id: str, zh: str, en: str, cause: Cause) -> TemplateVersion:
        """A new draft of a template's words, for another person to approve."""
        async with self._changing:
            now = self._world.now_utc()
            kept = await self._kept()
            older = _wordings(template_id, self._of_this_space(kept).values())
            if not older:
                raise LookupError(f"no template {template_id}")
            # Both spaces count on: an id that the other one has given would overwrite its record.
            number = max(one.version for one in older + _wordings(template_id, kept)) + 1
            fresh = reworded(older[0], version=number, zh=zh, en=en)
            _require_short(fresh)
            draft = versions.write(fresh, cause=cause, at_utc=now, is_exercise=self._is_exercise)
            await self._shelves.save(draft, action="template.written", cause=cause, at_utc=now)
        return draft

    async def move(
        self, version_id: str, event: VersionEvent, cause: Cause, *, reason: str = ""
    ) -> TemplateVersion:
        """Approve or retire; LookupError for a version that there is not."""
        async with self._changing:
            now = self._world.now_utc()
            version = (await self.versions()).get(version_id)
            if version is None:
                raise LookupError(f"no template version {version_id}")
            moved = versions.advance(version, event, cause, now, reason=reason)
            action = f"template.{event.value}"
            await self._shelves.save(moved, action=action, cause=cause, at_utc=now)
        return moved

    async def _kept(self) -> list[TemplateVersion]:
        return await self._shelves.newest(TemplateVersion, limit=_VERSIONS_KEPT)

    def _of_this_space(self, kept: list[TemplateVersion]) -> dict[str, TemplateVersion]:
        """What was approved in an exercise is not spoken to the street, nor the other way round."""
        found = {one.version_id: one for one in map(self._as_shipped, self._shipped.values())}
        own = (one for one in reversed(kept) if one.is_exercise == self._is_exercise)
        return found | {one.version_id: one for one in own}

    def _as_shipped(self, template: Template) -> TemplateVersion:
        return TemplateVersion(
            template=template,
            author=SHIPPED_BY,
            # It came with the station: no moment of this clock is its own.
            written_utc=versions.SHIPPED_UTC,
            state=VersionState.APPROVED if self._is_exercise else VersionState.DRAFT,
            is_exercise=self._is_exercise,
        )


def _wordings(template_id: str, versions: Iterable[TemplateVersion]) -> list[Template]:
    return [one.template for one in versions if one.template.template_id == template_id]


def _require_short(template: Template) -> None:
    for language, text in (("zh", template.zh), ("en", template.en)):
        if len(text) > LONGEST_CHARACTERS[language]:
            raise Refused(
                f"{len(text)} characters are too long to be said in one breath of 15 s; "
                f"{LONGEST_CHARACTERS[language]} are the most",
                text_zh=f"共{len(text)}字，超过15秒，最多{LONGEST_CHARACTERS[language]}字",
            )
