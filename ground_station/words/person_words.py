"""Finds words that point at one person (DOMAIN P-10): clothes, looks, age, plates, names.

A list and a reminder, not a proof: the announcer stays the one who answers for the words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from patrol.errors import ConfigError
from patrol.plan import Finding, Level

PERSON_WORDS_FILE = Path(__file__).parents[1] / "data" / "person_words.json"
PERSON_LAW = "个人信息保护法 Art. 6; 公共安全视频图像信息系统管理条例 Art. 22"
REMINDER = "Speak to everybody; describe nobody: no clothes, no looks, no names, no plates."
REMINDER_ZH = "面向所有人喊话，不描述任何个人：不说衣着、外貌、姓名、车牌。"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWords:
    """Patterns by what they give away."""

    version: str
    patterns: tuple[tuple[str, str, re.Pattern[str]], ...]  # what (en), what (zh), pattern

    def found(self, text: str) -> list[tuple[str, str, str]]:
        """What each hit gives away (en, zh) and the words themselves, in the text's order."""
        plain = re.sub(r"\s+", " ", text)
        hits = [
            (match.start(), what, what_zh, match.group(0))
            for what, what_zh, pattern in self.patterns
            for match in pattern.finditer(plain)
        ]
        return [(what, what_zh, words) for _, what, what_zh, words in sorted(hits)]


def read_person_words(path: Path = PERSON_WORDS_FILE) -> PersonWords:
    """Read the list; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return PersonWords(
            version=str(body["version"]),
            patterns=tuple(
                (str(row["what"]), str(row["what_zh"]), re.compile(row["pattern"], re.IGNORECASE))
                for row in body["patterns"]
            ),
        )
    except OSError as error:
        raise ConfigError(f"the list of person words cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise ConfigError(f"not a list of person words: {path}: {error!r}") from error


@cache
def shipped_person_words() -> PersonWords:
    """The list that comes with the station."""
    return read_person_words()


def person_findings(texts: Sequence[str], words: PersonWords | None = None) -> list[Finding]:
    """A STOP for every word that points at one person; each language's text is looked at."""
    listed = words or shipped_person_words()
    return [
        Finding(
            code="release.describes_person",
            level=Level.STOP,
            text=f"“{hit}” points at one person ({what}): say it to everybody",
            text_zh=f"“{hit}”指向个人（{what_zh}），请面向所有人表述",
            hint=f"person words {listed.version}",
            article=PERSON_LAW,
        )
        for text in texts
        for what, what_zh, hit in listed.found(text)
    ]
