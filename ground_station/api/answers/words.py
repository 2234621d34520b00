"""Wordings and what may be said."""

from __future__ import annotations

from typing_extensions import TypedDict


class VersionView(TypedDict):
    """One wording of a template."""

    id: str
    version: int
    version_id: str
    zh: str
    en: str
    category: str
    profile: str
    needs: list[str]
    needs_text: str
    max_repeats: int
    is_to_a_crowd: bool  # only for an alert
    state: str
    author: str
    written_utc: str
    approver: str
    approved_utc: str | None
    reason: str


class SlotChoice(TypedDict):
    """A word that a slot may be filled with."""

    zh: str
    en: str


class SlotView(TypedDict):
    """A gap in a wording, and what may stand in it there."""

    zh: str
    en: str
    choices: list[SlotChoice]


class TemplateView(VersionView):
    """A template: the wording in use, or the newest where none is, and all its versions."""

    is_in_use: bool
    slots: list[SlotView]
    slot_lists_version: str
    versions: list[VersionView]


class TypedWords(TypedDict):
    """What holds for words that are typed; its reminder is shown where they are."""

    id: str
    zh: str
    en: str
    is_in_use: bool
    categories: list[str]
    longest_characters: dict[str, int]  # by language
    longest_s: float
    reminder: str
    reminder_zh: str
