"""Words typed for one moment: the same rules as a template's, and nobody is described."""

from __future__ import annotations

import re
from dataclasses import replace

from ground_station.templates import Category, Need, Profile, Template
from patrol.errors import Refused

TYPED_ID = "LIVE"
LONGEST_S = 15.0
# Read aloud at the voice's usual pace; the clip's true length is checked before it is played.
LONGEST_CHARACTERS = {"zh": 75, "en": 240}
CATEGORIES = (Category.SAFETY, Category.ADVICE, Category.GATHERING, Category.NOTICE)
_NEEDS = {Category.GATHERING: (Need.GATHERING_ORDER,)}
_PROFILES = {
    Category.SAFETY: Profile.NORMAL,
    Category.GATHERING: Profile.NORMAL,
    Category.ADVICE: Profile.ADVISORY,
    Category.NOTICE: Profile.ADVISORY,
}


def typed_words(text: str, *, language: str, category: Category) -> Template:
    """Typed text as a template for one use; Refused where nobody could say it.

    What it is for decides the volume and what it needs: words to disperse need an order in force,
    safety words are loud as others until `in_emergency`. Whom it points at, release rules look at.
    """
    words = re.sub(r"\s+", " ", text).strip()
    if language not in LONGEST_CHARACTERS:
        raise Refused(
            f"typed words are spoken in zh or en, not {language!r}",
            text_zh=f"临时喊话只能用中文或英文，不能用{language!r}",
        )
    if category not in CATEGORIES:
        known = ", ".join(sorted(one.value for one in CATEGORIES))
        raise Refused(
            f"typed words are for {known}, not {category.value}",
            text_zh="临时喊话只能用于安全、劝导、聚集或告知",
        )
    if not words:
        raise Refused("there are no words to speak", text_zh="没有可播的喊话内容")
    if len(words) > LONGEST_CHARACTERS[language]:
        raise Refused(
            f"{len(words)} characters take longer than {LONGEST_S:.0f} s to say; "
            f"{LONGEST_CHARACTERS[language]} are the most",
            text_zh=f"{len(words)}字的播放时间超过{LONGEST_S:.0f}秒，"
            f"最多{LONGEST_CHARACTERS[language]}字",
        )
    return Template(
        template_id=TYPED_ID,
        version=0,
        category=category,
        profile=_PROFILES[category],
        zh=words,
        en=words,
        slots=(),
        needs=_NEEDS.get(category, ()),
        needs_text="typed for this moment",
        max_repeats=2,
        longest_s=LONGEST_S,
    )


def in_emergency(template: Template) -> Template:
    """The same words where an emergency is in force: typed safety words are then as loud as any.

    Nobody approved typed words beforehand, so what they are called does not lift them by itself.
    """
    if template.template_id != TYPED_ID or template.category is not Category.SAFETY:
        return template
    return replace(template, profile=Profile.EMERGENCY)
