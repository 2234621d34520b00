"""Which headers a road reads and answers with, as the middlewares do it, for the OpenAPI."""

from __future__ import annotations

from typing import Any

from ground_station.api.replays import HEADER, KEY_MAX, REPLAYED
from ground_station.people.door import CONSOLE_HEADER

Road = dict[str, Any]
Security = list[dict[str, list[str]]]

_TAGGED = ("application/json", "application/geo+json")
_WITH_SESSION: Security = [{"session": []}]
_CHANGED_IN_SESSION: Security = [{"session": [], "page": []}]
_TOKEN: Security = [{"token": []}]
_PAGE: Security = [{"page": []}]

SCHEMES: dict[str, Any] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "gridpatrol-PORT",
        "description": "Set by the sign-in and named for the station's port; "
        "`__Host-gridpatrol-PORT` over TLS.",
    },
    "page": {
        "type": "apiKey",
        "in": "header",
        "name": CONSOLE_HEADER,
        "description": "Of a session: its `csrf`, with every change. Before the sign-in any value: "
        "no form of another site sends it.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Of `gridpatrol users token`; a program needs neither cookie nor page.",
    },
}


def tell_headers(method: str, road: Road) -> None:
    """Write into a road's description what the middlewares around it read and add."""
    if method == "post":
        _tell_replays(road)
    found = road["responses"].get("200", {})
    if method == "get" and any(kind in found.get("content", {}) for kind in _TAGGED):
        _tell_tags(road, found)
    if "429" in road["responses"]:
        seconds = {"type": "integer", "minimum": 0}
        _answer_header(road["responses"]["429"], "Retry-After", "In so many seconds.", seconds)


def tell_security(path: str, method: str, road: Road) -> None:
    """Who is let in: the road's own marker tells those for people who are in."""
    is_change = method != "get"
    in_session = _CHANGED_IN_SESSION if is_change else _WITH_SESSION
    if "security" not in road:
        road["security"] = _PAGE if is_change else []
    elif _is_of_a_session(path, method):
        road["security"] = in_session
    else:
        road["security"] = [*in_session, *_TOKEN]


def _is_of_a_session(path: str, method: str) -> bool:
    """What belongs to somebody's sign-in at a console: a token has none."""
    own = "/api/session"
    return path.startswith(f"{own}/") or (path == own and method == "post")


def _tell_replays(road: Road) -> None:
    _parameter(
        road, HEADER, {"type": "string", "maxLength": KEY_MAX},
        "Sent again under the same key within a day it is not done again: the first answer comes "
        "back. Another request under it is 422 `key_reused`; one that is under way, or was cut "
        "off, 409 `outcome_unknown`.",
    )  # fmt: skip
    for status, answer in road["responses"].items():
        if status.startswith("2"):
            again = {"type": "string", "enum": ["true"]}
            words = "There where the answer is that of the first time."
            _answer_header(answer, REPLAYED, words, again)


def _tell_tags(road: Road, found: dict[str, Any]) -> None:
    words = "Tags of answers that the reader has; `*` is any."
    _parameter(road, "If-None-Match", {"type": "string"}, words)
    tag = {"type": "string"}
    _answer_header(found, "ETag", "Weak; an answer over 4 MiB has none.", tag)
    same = {"description": "The reader has it already; there is no body."}
    road["responses"]["304"] = same
    _answer_header(same, "ETag", "The tag that matched.", tag)


def _parameter(road: Road, name: str, schema: dict[str, Any], words: str) -> None:
    told = {"name": name, "in": "header", "required": False, "schema": schema}
    road.setdefault("parameters", []).append(told | {"description": words})


def _answer_header(answer: dict[str, Any], name: str, words: str, schema: dict[str, Any]) -> None:
    headers = answer.setdefault("headers", {})
    headers[name] = {"description": words, "schema": schema}
