"""The whole error tree. A check returns findings; only the caller that needs a yes raises.

`str(error)` is the English sentence, `error.text_zh` the Chinese one (the English one where nobody
has written it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from patrol.command_words import command_zh
from patrol.role_words import roles_zh

if TYPE_CHECKING:
    from patrol.plan import Finding


class PatrolError(Exception):
    """Anything GridPatrol itself has to say no about."""

    def __init__(self, *parts: object, text_zh: str = "") -> None:
        super().__init__(*parts)
        self._text_zh = text_zh

    @property
    def text_zh(self) -> str:
        """The sentence in Chinese."""
        return self._text_zh or str(self)


class ConfigError(PatrolError):
    """A setting, file or address is wrong; told once at the start (exit code 2)."""


class Transient(PatrolError):
    """Something outside is away for now; the supervisor tries again."""


class LinkLost(Transient):
    """The aircraft has not been heard for longer than allowed."""


class VideoLost(Transient):
    """The camera's stream ended or stalled."""


class SpeakerUnreachable(Transient):
    """The payload agent does not answer."""


class StoreUnavailable(Transient):
    """The database cannot be used now; nothing of what was to be written is stored."""


class StoreFull(StoreUnavailable):
    """There is no room left: a person has to make some."""


class Refused(PatrolError):
    """A no that is told to the person who asked and never retried by itself."""


class _RefusedWithFindings(Refused):
    """Carries every problem at once, so that a person mends them in one go."""

    def __init__(self, message: str, findings: Sequence[Finding], *, text_zh: str = "") -> None:
        super().__init__(message, text_zh=text_zh)
        self.findings = tuple(findings)


class PlanRejected(_RefusedWithFindings):
    """The plan may not be flown as it is."""


class PreflightFailed(_RefusedWithFindings):
    """The aircraft is not ready for this plan."""


class ClearanceRefused(_RefusedWithFindings):
    """The law or a rule forbids it; each finding names its article."""


class CommandDenied(Refused):
    """The autopilot said no, in its own words; `reason_zh` is the reason in Chinese."""

    def __init__(self, command: str, reason: str, reason_zh: str = "") -> None:
        zh = reason_zh or reason
        super().__init__(f"{command}: {reason}", text_zh=f"{command_zh(command)}：{zh}")
        self.command = command
        self.reason = reason
        self.reason_zh = zh


class NotPermitted(Refused):
    """The person does not hold the role that this needs, or not that of the unit whose it is."""

    def __init__(self, person: str, needed_role: str, of_unit: str = "") -> None:
        of, of_zh = (f" of {of_unit}", f"{of_unit}的") if of_unit else ("", "")
        super().__init__(
            f"{person} may not do this: it needs the role {needed_role}{of}",
            text_zh=f"{_person_zh(person)}无权执行：需要{of_zh}{roles_zh(needed_role)}角色",
        )
        self.person = person
        self.needed_role = needed_role


def _person_zh(person: str) -> str:
    return person if person and person != "nobody" else "未署名者"
