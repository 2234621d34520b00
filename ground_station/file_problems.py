"""What is wrong with a file that a person wrote, in plain words of both languages."""

from __future__ import annotations

from pydantic import ValidationError

_PLAIN = {
    "extra_forbidden": ("there is no such entry", "没有这一条目"),
    "missing": ("it is missing", "未写明"),
}
_KINDS_ZH = {
    "greater_than": "取值过小", "greater_than_equal": "取值过小", "less_than": "取值过大",
    "less_than_equal": "取值过大", "enum": "不是可选的取值", "literal_error": "不是可选的取值",
}  # fmt: skip


def problems_of(error: ValidationError) -> tuple[str, str]:
    """Each entry with what is wrong about it, in English and in Chinese."""
    told, told_zh = list[str](), list[str]()
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"])
        text, text_zh = _PLAIN.get(one["type"], (one["msg"], _in_chinese(one["type"], one["msg"])))
        told.append(f"{where}: {text}" if where else text)
        told_zh.append(f"{where}：{text_zh}" if where else text_zh)
    return "; ".join(told), "；".join(told_zh)


def _in_chinese(kind: str, message: str) -> str:
    """The limits and choices stand in pydantic's own words alone."""
    return f"{_KINDS_ZH.get(kind, '有误')}（{message}）"
