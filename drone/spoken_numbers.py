"""Numbers, times and units as words: the voices read `3m` as "three em" and drop minus and degrees.

Numbers that name something (telephones, years) are read digit by digit, those that count are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ONE_BY_ONE = str.maketrans("0123456789", "零一二三四五六七八九")
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")  # 1 is yāo in the telephone
_TELEPHONES = (
    r"(?<![\d.])(?:0\d{2,3}-?\d{7,8}|1\d{10}|[48]00-?\d{3,4}-?\d{3,4}|[2-9]\d{6,7})(?![\d.])"
)
# Hotlines, unless something is counted: 拨打110, but 110人.
_HOTLINES = r"(?<![\d.])(?:110|119|120|122|12\d{3})(?!\s*[\d.:：%人名个位米元年月日号秒分度公平次])"
_UNITS_ZH = {
    "km/h": "公里每小时", "m/s": "米每秒", "km2": "平方公里", "m2": "平方米", "m3": "立方米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "kg": "公斤", "°C": "摄氏度", "dB": "分贝",
    "min": "分钟", "m": "米", "s": "秒", "h": "小时", "°": "度",
}  # fmt: skip
_UNITS_EN = {
    "km/h": "kilometres an hour", "m/s": "metres a second", "km2": "square kilometres",
    "m2": "square metres", "km": "kilometres", "cm": "centimetres", "mm": "millimetres",
    "kg": "kilograms", "°C": "degrees Celsius", "dB": "decibels", "m": "metres", "°": "degrees",
}  # fmt: skip

_Rule = tuple[str, Callable[[re.Match[str]], str]]


def _unit_rule(words: dict[str, str], gap: str) -> _Rule:
    names = "|".join(re.escape(name) for name in sorted(words, key=len, reverse=True))
    return rf"(?<=\d)\s*({names})(?![A-Za-z0-9/])", lambda found: gap + words[found[1]]


def _spelt(digits: re.Match[str]) -> str:
    return digits[0].replace("-", "，").translate(_TELEPHONE)


def _clock(time: re.Match[str]) -> str:
    hour, minute = int(time[1]), int(time[2])
    if minute == 0:
        return f"{hour}点整"
    return f"{hour}点{'零' if minute < 10 else ''}{minute}分"


_ZH: tuple[_Rule, ...] = (
    (r"(?<=\d),(?=\d{3}(?!\d))", lambda _: ""),
    (
        r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)",
        lambda date: f"{date[1]}年{int(date[2])}月{int(date[3])}日",
    ),
    (r"(?<!\d)\d{4}(?=年)|(?<=[〔\[])\d{4}(?=[〕\]])", lambda year: year[0].translate(_ONE_BY_ONE)),
    (_TELEPHONES, _spelt),
    (_HOTLINES, _spelt),
    (r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)", _clock),
    (r"(?<=[\d分整点])\s*[-~～–—−]\s*(?=\d)", lambda _: "到"),
    (r"(?<![\w)）])[-−](?=\d)", lambda _: "负"),
    (r"(\d+(?:\.\d+)?)%", lambda share: f"百分之{share[1]}"),
    (r"(?<![\d/])(\d+)[/⁄](\d+)(?![\d/])", lambda part: f"{part[2]}分之{part[1]}"),
    (r"(?<=[米里])/(?=秒|小时|时)", lambda _: "每"),
    _unit_rule(_UNITS_ZH, ""),
    (r"(?<![\d.第])2(?=个|名|位|人|条|架|辆|米|公里|小时|分钟|天|次)", lambda _: "两"),
)
_EN: tuple[_Rule, ...] = (
    (_TELEPHONES, lambda digits: " ".join(digits[0].replace("-", ","))),
    (r"(?<![\d.])(?:110|119|120|122|12345)(?![\d.:%])(?!\s*[A-Za-z°])", lambda d: " ".join(d[0])),
    _unit_rule(_UNITS_EN, " "),
)
_RULES = {"zh": _ZH, "en": _EN}


def numbers_as_words(text: str, language: str) -> str:
    """The text with what the voice would misread written out."""
    for pattern, said in _RULES[language]:
        text = re.sub(pattern, said, text)
    return text
