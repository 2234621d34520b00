"""Who is heard on the links, and whose frames count: the rules of the fleet, without its sockets.

An aircraft is known by its configured name and its system id. A stranger is shown and nothing
more. Of two aircraft with one system id, the one that was there first is heard.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from drone.flight_log import FlightLog
from drone.mavlink_frames import Frame
from drone.newest import Newest
from drone.transport import Address
from patrol.errors import ConfigError

HEARTBEAT = 0
SILENT_S = 3.0  # wall; after so long another address may be the same aircraft come back
_TELL_AGAIN_S = 60.0  # wall
_SHOWN_MAX = 256  # a port that is flooded with made-up ids must not fill the memory
_OTHERS_TOLD = 20
_GROUND_STATION, _NO_AUTOPILOT = 6, 8


class Kind(enum.StrEnum):
    """What was heard that is nobody of ours."""

    STRANGER = "stranger"
    SAME_ID = "same_id"
    STATION = "station"


@dataclass(slots=True, kw_only=True)
class AircraftLink:
    """One aircraft of ours as the fleet hears it."""

    name: str
    url: str
    wanted_id: int | None  # None: the first autopilot that is heard
    newest: Newest
    on_frame: Callable[[Frame, float], None]
    on_sent: Callable[[Frame, float], None] = lambda _frame, _now_s: None
    log: FlightLog | None = None
    system_id: int | None = None
    address: Address | None = None
    heard_at_s: float | None = None
    counts: Counter[int] = field(default_factory=Counter)
    contested_at_s: float | None = None  # when another with its system id was heard
    others: dict[int, str] = field(default_factory=dict)  # heard in its stead: id, name if ours
    is_refused: bool = False  # one that is heard there and is nobody's of ours

    def not_found(self) -> tuple[str, str]:
        """Who is heard in its stead, in English and Chinese; empty for nobody."""
        if not self.others:
            return "", ""
        heard = ", ".join(f"{n} ({name})" if name else str(n) for n, name in self.others.items())
        if self.wanted_id is not None:
            return (
                f"it is to have system id {self.wanted_id}; heard there: {heard}",
                f"应为系统编号{self.wanted_id}；该处收到：{heard}",
            )
        return (
            f"heard there: {heard}; give each aircraft a system id of its own (PX4: MAV_SYS_ID)",
            f"该处收到：{heard}；请为每架飞行器设置不同的系统编号（PX4：MAV_SYS_ID）",
        )


@dataclass(slots=True, kw_only=True)
class Shown:
    """Somebody who is shown, never commanded."""

    kind: Kind
    system_id: int
    url: str
    address: Address
    heard_at_s: float
    told_at_s: float
    name: str = ""  # whose system id it is, where it is one of ours


class Roster:
    """`tell` is called once when somebody who is not ours appears."""

    def __init__(self, tell: Callable[[Shown], None]) -> None:
        self._tell = tell
        self._links: dict[str, AircraftLink] = {}
        self._by_id: dict[int, AircraftLink] = {}
        self._shown: dict[tuple[Kind, int, str, Address], Shown] = {}

    @property
    def links(self) -> list[AircraftLink]:
        """The aircraft that have joined."""
        return list(self._links.values())

    def link_of(self, system_id: int) -> AircraftLink | None:
        """Ours with that system id."""
        return self._by_id.get(system_id)

    def join(self, link: AircraftLink) -> None:
        """ConfigError for a name or an id that is taken, or where two could not be told apart."""
        if link.name in self._links:
            raise ConfigError(
                f"two aircraft are called {link.name!r}",
                text_zh=f"两架飞行器同名：{link.name}",
            )
        other = self._by_id.get(link.wanted_id) if link.wanted_id is not None else None
        if other is not None:
            raise ConfigError(
                f"{link.name} and {other.name} have the same system id {link.wanted_id}: "
                "give each aircraft its own (PX4: MAV_SYS_ID)",
                text_zh=f"{link.name}与{other.name}系统编号相同（{link.wanted_id}）：请分别设置",
            )
        for present in self._links.values():
            if present.url == link.url and None in (present.wanted_id, link.wanted_id):
                raise ConfigError(
                    f"{link.name} and {present.name} share {link.url}: give each its system id",
                    text_zh=f"{link.name}与{present.name}共用{link.url}：请分别填写系统编号",
                )
        self._links[link.name] = link
        if link.wanted_id is not None:
            link.system_id = link.wanted_id
            self._by_id[link.wanted_id] = link

    def leave(self, link: AircraftLink) -> None:
        """What it sends from now on is a stranger's."""
        del self._links[link.name]
        if link.system_id is not None:
            del self._by_id[link.system_id]

    def owner(self, frame: Frame, url: str, address: Address, now_s: float) -> AircraftLink | None:
        """Whose frame this is; None when it is nobody's of ours.

        Where an aircraft is, only its autopilot's heartbeat tells: a camera or a companion of it
        may speak from an address of its own.
        """
        link = self._by_id.get(frame.system_id)
        if frame.message_id == HEARTBEAT and is_autopilot(frame):
            self._note_for_waiting(frame.system_id, link, url)
        if link is None:
            return self._newcomer(frame, url, address, now_s)
        if link.url == url and link.address == address and link.heard_at_s is not None:
            link.heard_at_s = now_s
            return link
        if not is_autopilot(frame):
            return None
        if link.url == url and self._is_absent(link, now_s):
            link.address, link.heard_at_s = address, now_s
            return link
        link.contested_at_s = now_s
        self._show(Kind.SAME_ID, frame.system_id, url, address, now_s, link.name)
        return None

    def shown(self, now_s: float) -> list[Shown]:
        """Who else is on the air."""
        return [who for who in self._shown.values() if now_s - who.heard_at_s < _TELL_AGAIN_S]

    @staticmethod
    def _is_absent(link: AircraftLink, now_s: float) -> bool:
        return link.heard_at_s is None or now_s - link.heard_at_s > SILENT_S

    def _newcomer(
        self, frame: Frame, url: str, address: Address, now_s: float
    ) -> AircraftLink | None:
        if frame.message_id != HEARTBEAT:
            return None
        if not is_autopilot(frame):
            if _is_station(frame):
                self._show(Kind.STATION, frame.system_id, url, address, now_s)
            return None
        for link in self._links.values():
            if link.url == url and link.system_id is None:
                link.system_id = frame.system_id
                link.address, link.heard_at_s = address, now_s
                self._by_id[frame.system_id] = link
                return link
        self._show(Kind.STRANGER, frame.system_id, url, address, now_s)
        return None

    def _show(
        self, kind: Kind, system_id: int, url: str, address: Address, now_s: float,
        name: str = "",
    ) -> None:  # fmt: skip
        key = (kind, system_id, url, address)
        known = self._shown.get(key)
        if known is not None and now_s - known.heard_at_s < _TELL_AGAIN_S:
            known.heard_at_s = now_s
            return
        if len(self._shown) >= _SHOWN_MAX:
            self._shown = {
                key: who for key, who in self._shown.items()
                if now_s - who.heard_at_s < _TELL_AGAIN_S
            }  # fmt: skip
            if len(self._shown) >= _SHOWN_MAX:
                return
        who = Shown(
            kind=kind, system_id=system_id, url=url, address=address, heard_at_s=now_s,
            told_at_s=now_s, name=name,
        )  # fmt: skip
        self._shown[key] = who
        self._tell(who)

    def _note_for_waiting(self, system_id: int, known: AircraftLink | None, url: str) -> None:
        """For those that wait on that line: who is heard there in their stead."""
        for waiting in self._links.values():
            if waiting.heard_at_s is not None or waiting.url != url or waiting is known:
                continue
            if waiting.wanted_id is None and known is None:
                continue  # it is taken for the one
            if len(waiting.others) < _OTHERS_TOLD:
                waiting.others[system_id] = known.name if known is not None else ""
            # One of ours that shares the line says nothing against the one that is to come.
            waiting.is_refused |= known is None or known.url != url


def is_autopilot(frame: Frame) -> bool:
    """A heartbeat of something that flies, not of its camera or of a station."""
    body = frame.payload.ljust(9, b"\0")
    return (
        frame.message_id == HEARTBEAT
        and body[5] != _NO_AUTOPILOT
        and body[4] != _GROUND_STATION
    )  # fmt: skip


def _is_station(frame: Frame) -> bool:
    return frame.payload.ljust(9, b"\0")[4] == _GROUND_STATION
