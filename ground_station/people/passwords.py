"""Passwords and PINs: argon2id in a thread, two at a time, and what a good one looks like."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import anyio
import anyio.to_thread
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from ground_station.people.errors import DoorRefused

PASSWORD_MIN, PASSWORD_MAX = 10, 200
PIN_DIGITS = 6
_AT_ONCE = 2  # each takes 64 MiB; more would starve the eye on a small computer
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that is taken for another
_COMMON_PARTS = ("password", "gridpatrol", "1234567", "qwerty", "haojiang", "888888", "666666")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one hash costs; the second choice of RFC 9106, section 4."""

    memory_kib: int = 65_536
    rounds: int = 3
    lanes: int = 4


class Passwords:
    """Hashes and checks without holding up the station's event loop."""

    def __init__(self, cost: Cost) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.rounds,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            type=Type.ID,
        )
        self._limiter: anyio.CapacityLimiter | None = None
        self._nobodys = ""

    async def hashed(self, secret: str) -> str:
        """An argon2id hash, with its parameters and salt."""
        return await anyio.to_thread.run_sync(self._hasher.hash, secret, limiter=self._threads())

    async def is_right(self, kept_hash: str, secret: str) -> bool:
        """Whether the secret fits. Without a hash to fit it takes as long and is wrong."""
        if not kept_hash:
            self._nobodys = self._nobodys or await self.hashed(secrets.token_urlsafe())
        fits = await anyio.to_thread.run_sync(
            self._fits, kept_hash or self._nobodys, secret, limiter=self._threads()
        )
        return fits and bool(kept_hash)

    def is_outdated(self, kept_hash: str) -> bool:
        """Whether it was made at another cost than is wanted now."""
        return self._hasher.check_needs_rehash(kept_hash)

    def _fits(self, kept_hash: str, secret: str) -> bool:
        try:
            return self._hasher.verify(kept_hash, secret)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def _threads(self) -> anyio.CapacityLimiter:
        if self._limiter is None:  # needs a running loop
            self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        return self._limiter


def first_password() -> str:
    """A password for the first sign-in alone: 60 bits, easy to read out."""
    letters = [secrets.choice(_ALPHABET) for _ in range(12)]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))


def require_good_password(password: str, *, login: str) -> None:
    """DoorRefused when it is too short, too long or one of those that are tried first."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise DoorRefused(
            f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters",
            f"密码长度为{PASSWORD_MIN}至{PASSWORD_MAX}个字符",
        )
    low = password.casefold()
    is_plain = any(part in low for part in _COMMON_PARTS) or len(set(low)) < 5
    if is_plain or (len(login) >= 3 and login in low):
        raise DoorRefused(
            "this password is among the first that are tried: choose another",
            "该密码过于常见或包含登录名，请另选",
        )


def require_good_pin(pin: str) -> None:
    """DoorRefused unless it is six digits that are neither all equal nor a run."""
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        raise DoorRefused(f"a PIN is {PIN_DIGITS} digits", f"PIN为{PIN_DIGITS}位数字")
    steps = {(int(b) - int(a)) % 10 for a, b in zip(pin, pin[1:], strict=False)}
    if steps in ({0}, {1}, {9}):
        raise DoorRefused(
            "a PIN is not one digit again and again, nor a run", "PIN不得为重复或连续数字"
        )
