"""Holds what a station answers and sends against its own description of it, to the letter.

The description leaves room for keys that are to come; here there is none: a key that it does not
name is one that nobody was told of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI

from ground_station.headers import SECURITY_HEADERS

Json = dict[str, Any]
_ENDLESS = "application/x-ndjson"
# Of every HTTP answer, or of every one of ours whatever it is about.
_OF_ALL = frozenset(
    {"content-length", "content-type", "date", "server", "connection", "transfer-encoding",
     "cache-control", "strict-transport-security", *(name.lower() for name in SECURITY_HEADERS)}
)  # fmt: skip


class Contract:
    """The OpenAPI of one application, closed."""

    def __init__(self, document: Json) -> None:
        self.document: Json = _closed(json.loads(json.dumps(document)))
        self._roads = [
            (re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path)
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]
        self._validator = cache(self._made_validator)
        self.reached: set[tuple[str, str, int]] = set()

    def road_of(self, path: str) -> str | None:
        """Which road of the description an address is of, or None."""
        return next((road for pattern, road in self._roads if pattern.match(path)), None)

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Every method, road and description."""
        for path, roads in self.document["paths"].items():
            for method, road in roads.items():
                yield method, path, road

    def check_body(self, schema: Json, body: object) -> None:
        """AssertionError, with every place where the body is another than the schema says."""
        found = self._validator(json.dumps(schema)).iter_errors(body)
        wrong = [f"{list(one.instance_path)}: {one.message}"[:400] for one in found]
        assert not wrong, wrong

    def check_message(self, message: Json) -> None:
        """The same for a message of the live socket, which says of which kind it is."""
        live = self.document["components"]["schemas"]["LiveMessage"]
        kind = live["discriminator"]["mapping"].get(message.get("type"))
        assert kind is not None, message
        self.check_body({"$ref": kind}, message)

    async def check(self, answer: httpx.Response) -> None:
        """Status, kind, headers and body of an answer, for whatever road there is."""
        method, path = answer.request.method.lower(), answer.request.url.path
        road = self.road_of(path)
        told = self.document["paths"].get(road or "", {}).get(method)
        if told is None:
            return  # no road of ours: 404, 405 or the console's own files
        where = f"{method} {road} -> {answer.status_code}"
        assert str(answer.status_code) in told["responses"], f"{where} is not documented"
        described = told["responses"][str(answer.status_code)]
        known = {name.lower() for name in described.get("headers", {})} | _OF_ALL
        assert set(answer.headers) <= known, f"{where}: {set(answer.headers) - known}"
        self.reached.add((method, str(road), answer.status_code))
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind == _ENDLESS:
            return
        content = await answer.aread()
        if not content:
            return
        assert kind in described.get("content", {}), f"{where}: {kind} is not documented"
        if "json" in kind:
            self.check_body(described["content"][kind]["schema"], json.loads(content))

    def _made_validator(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        whole = json.loads(schema) | {"components": self.document["components"]}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _closed(schema: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    is_object = schema.get("type") == "object" and "properties" in schema
    if is_object and "const" not in str(schema["properties"]):
        inner.setdefault("additionalProperties", False)
    return inner


_KNOWN: list[Contract] = []


def contract_of(app: FastAPI) -> Contract:
    """One for all applications of a test run: the description takes a while to make."""
    if not _KNOWN:
        _KNOWN.append(Contract(app.openapi()))
    return _KNOWN[0]
