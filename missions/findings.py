"""Findings in one line each."""

from __future__ import annotations

from patrol.plan import Finding, Level


def stop(
    code: str, text: str, text_zh: str, *, article: str = "", leg: int | None = None, hint: str = ""
) -> Finding:
    """It forbids."""
    return Finding(
        code=code, level=Level.STOP, text=text, text_zh=text_zh, article=article, leg=leg, hint=hint
    )


def warn(
    code: str, text: str, text_zh: str, *, article: str = "", leg: int | None = None, hint: str = ""
) -> Finding:
    """A person has to know it."""
    return Finding(
        code=code, level=Level.WARN, text=text, text_zh=text_zh, article=article, leg=leg, hint=hint
    )


def note(
    code: str, text: str, text_zh: str, *, article: str = "", leg: int | None = None, hint: str = ""
) -> Finding:
    """Good to know."""
    return Finding(
        code=code, level=Level.NOTE, text=text, text_zh=text_zh, article=article, leg=leg, hint=hint
    )
