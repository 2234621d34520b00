"""What the door says no with. Each knows its HTTP status, and its words in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patrol.errors import Refused


class DoorRefused(Refused):
    """Someone may not come in, or not like this."""

    status = 403

    def __init__(self, text: str, text_zh: str, **more: Any) -> None:  # noqa: ANN401  # JSON values
        super().__init__(text, text_zh=text_zh)
        self.more = more

    def to_dict(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": str(self), "error_zh": self.text_zh, **self.more}


class NotSignedIn(DoorRefused):
    """No session or token that counts (any more)."""

    status = 401


class TooMany(DoorRefused):
    """Too many tries; `retry_after_s` says when again."""

    status = 429

    def __init__(self, text: str, text_zh: str, *, retry_after_s: int) -> None:
        super().__init__(text, text_zh, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class PinNeeded(DoorRefused):
    """At a shared console somebody first has to say under whose name this role acts."""

    def __init__(self, roles: Sequence[str]) -> None:
        words = " or ".join(roles)
        super().__init__(
            f"nobody sits at this console as {words}: enter a PIN",
            f"本席位尚无人以 {words} 身份操作：请输入个人PIN",
            needs="pin",
            roles=list(roles),
        )


class OwnPasswordNeeded(DoorRefused):
    """The first password is only good for choosing one's own."""

    def __init__(self) -> None:
        super().__init__(
            "choose a password of your own first", "请先设置您自己的密码", needs="password"
        )
