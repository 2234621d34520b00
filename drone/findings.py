"""Short ways to write the findings of a check."""

from __future__ import annotations

from patrol.plan import Finding, Level


def stop(code: str, text: str, text_zh: str, hint: str = "") -> Finding:
    """It forbids."""
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh, hint=hint)


def warn(code: str, text: str, text_zh: str, hint: str = "") -> Finding:
    """It is for the pilot to weigh."""
    return Finding(code=code, level=Level.WARN, text=text, text_zh=text_zh, hint=hint)


def note(code: str, text: str, text_zh: str, hint: str = "") -> Finding:
    """It is good to know."""
    return Finding(code=code, level=Level.NOTE, text=text, text_zh=text_zh, hint=hint)


def live_stop(is_exercise: bool, code: str, text: str, text_zh: str, hint: str = "") -> Finding:  # noqa: FBT001
    """It forbids a live flight; in an exercise it warns."""
    return (warn if is_exercise else stop)(code, text, text_zh, hint)
