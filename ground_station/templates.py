"""Announcement templates T01 to T12: exact words, slots picked from lists, what each one needs."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from patrol.errors import ConfigError, Refused

TEMPLATES_FILE = Path(__file__).parent / "data" / "templates.json"
_ID = re.compile(r"T\d\d")
_SLOT = re.compile(r"\{([^{}]*)\}")
_FORBIDDEN_IN_SLOT = re.compile(r"[{}\n\r]")
LONGEST_SLOT = 24  # characters; a slot is a number, a name or a direction, never a sentence


class Category(enum.Enum):
    """What a template is for."""

    GATHERING = "GATHERING"
    SAFETY = "SAFETY"
    EPIDEMIC = "EPIDEMIC"
    ADVICE = "ADVICE"
    CHECKPOINT = "CHECKPOINT"
    COAST = "COAST"
    EMERGENCY = "EMERGENCY"
    SCHOOL = "SCHOOL"
    NOTICE = "NOTICE"


class Need(enum.Enum):
    """What must hold before a template may be released."""

    GATHERING_ORDER = "GATHERING_ORDER"
    EPIDEMIC_NOTICE = "EPIDEMIC_NOTICE"
    CRITICAL_DENSITY = "CRITICAL_DENSITY"
    CHECKPOINT = "CHECKPOINT"
    COAST = "COAST"
    EMERGENCY_DECLARED = "EMERGENCY_DECLARED"
    SCHOOL_GATE = "SCHOOL_GATE"
    SCHOOL_HOURS = "SCHOOL_HOURS"
    COUNTS_ONLY = "COUNTS_ONLY"


class Profile(enum.Enum):
    """Volume profile; everything above ADVISORY is high volume in the sense of Art. 64."""

    ADVISORY = "ADVISORY"
    NORMAL = "NORMAL"
    EMERGENCY = "EMERGENCY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in the text that is picked from a list: its name in either language."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotValue:
    """What was picked for a slot, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Approved words; what is said is this text and nothing else."""

    template_id: str
    version: int
    category: Category
    profile: Profile
    zh: str
    en: str
    slots: tuple[Slot, ...]
    needs: tuple[Need, ...]
    needs_text: str
    max_repeats: int
    longest_s: float

    @property
    def is_to_a_crowd(self) -> bool:
        """Words that ask people of a crowd for something; others are for whoever is there."""
        return self.category in (Category.GATHERING, Category.SAFETY)

    @property
    def is_emergency(self) -> bool:
        """Safety words that quiet hours do not hold back (噪声污染防治法 Art. 64, emergencies)."""
        return self.profile is Profile.EMERGENCY

    def fill(self, values: Mapping[str, SlotValue] | None = None) -> tuple[str, str]:
        """The words in both languages; `values` by Chinese slot name. Refused if one lacks."""
        zh, en = self.zh, self.en
        picked = values or {}
        missing = [slot.zh for slot in self.slots if slot.zh not in picked]
        if missing:
            raise Refused(
                f"template {self.template_id} needs a value for {', '.join(missing)}",
                text_zh=f"模板{self.template_id}缺少取值：{'、'.join(missing)}",
            )
        for slot in self.slots:
            value = picked[slot.zh]
            for text in (value.zh, value.en):
                if not text or len(text) > LONGEST_SLOT or _FORBIDDEN_IN_SLOT.search(text):
                    raise Refused(
                        f"template {self.template_id}: not a value from a list: {text!r}",
                        text_zh=f"模板{self.template_id}的取值不在清单中：{text!r}",
                    )
            zh = zh.replace("{" + slot.zh + "}", value.zh)
            en = en.replace("{" + slot.en + "}", value.en)
        return zh, en


def load_templates(path: Path = TEMPLATES_FILE) -> dict[str, Template]:
    """Read and check a template file, by id in the file's order; ConfigError says what is wrong."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        templates = [_template(item) for item in body["templates"]]
    except OSError as error:
        raise ConfigError(f"the template file cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a template file: {path}: {error!r}") from error
    by_id = {template.template_id: template for template in templates}
    if len(by_id) != len(templates):
        raise ConfigError(f"a template id occurs twice in {path}")
    return by_id


def _template(body: Mapping[str, Any]) -> Template:
    template = Template(
        template_id=str(body["id"]),
        version=int(body["version"]),
        category=Category(body["category"]),
        profile=Profile(body["profile"]),
        zh=str(body["zh"]),
        en=str(body["en"]),
        slots=tuple(Slot(zh=str(item["zh"]), en=str(item["en"])) for item in body["slots"]),
        needs=tuple(Need(name) for name in body["needs"]),
        needs_text=str(body["needs_text"]),
        max_repeats=int(body["max_repeats"]),
        longest_s=float(body["longest_s"]),
    )
    if fault := _fault(template):
        raise ValueError(fault[0])
    return template


def reworded(template: Template, *, version: int, zh: str, en: str) -> Template:
    """The same template in other words: same slots and needs; Refused where they are not so."""
    fresh = replace(template, version=version, zh=zh.strip(), en=en.strip())
    if fault := _fault(fresh):
        text, text_zh = fault
        raise Refused(text, text_zh=text_zh)
    return fresh


def _fault(template: Template) -> tuple[str, str] | None:
    """What is wrong with it, in English and in Chinese; None where nothing is."""
    name = template.template_id
    if not _ID.fullmatch(name):
        return f"not a template id: {name!r}", f"不是模板编号：{name!r}"
    if not template.zh.strip() or not template.en.strip():
        return f"{name} has no words in one of its languages", f"模板{name}缺少一种语言的文本"
    for text, declared in (
        (template.zh, [slot.zh for slot in template.slots]),
        (template.en, [slot.en for slot in template.slots]),
    ):
        if sorted(_SLOT.findall(text)) != sorted(declared):
            return (
                f"{name}: the slots in the words are not those declared: {declared}",
                f"模板{name}：文本中的填空项与规定不符，应为：{'、'.join(declared) or '无'}",
            )
    if not 1 <= template.max_repeats <= 2:
        return f"{name}: a template is played once or twice", f"模板{name}：只能播放一遍或两遍"
    return None
