"""The token that a station shows to the payload agent: one line in a file of its own."""

from __future__ import annotations

from pathlib import Path

from patrol.errors import ConfigError

_CHARACTERS_MIN, _CHARACTERS_MAX = 16, 512


def read_token(file: Path) -> str:
    """The token; ConfigError when the file does not hold one. It is never shown or logged."""
    try:
        with file.open("rb") as opened:  # no more than a token: it may be a device or a picture
            token = opened.read(2 * _CHARACTERS_MAX).decode("ascii").strip()
    except OSError as error:
        raise ConfigError(f"the token file cannot be read: {file} ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the token file holds more than plain characters: {file}") from error
    if not _CHARACTERS_MIN <= len(token) <= _CHARACTERS_MAX or not token.isprintable():
        raise ConfigError(
            f"the token in {file} is one line of {_CHARACTERS_MIN} to {_CHARACTERS_MAX} characters"
        )
    if " " in token:
        raise ConfigError(f"the token in {file} has a space in it")
    return token
