"""Requests to a station: what may be sent again is, and what has not changed is not fetched twice.

A command that gets lost on the way is sent again under the same key: the station does it once.
"""

from __future__ import annotations

import json
import ssl
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import Any

import anyio
import httpx

from patrol.errors import Refused, Transient

Query = Mapping[str, Any]
_ASK_WITHIN_S = 20.0
_TRIES = 4
_AGAIN_S = 0.2  # then twice as long each time
_KEPT = 128  # answers with their tags
_UNKNOWN = "outcome_unknown"  # it is being done, or was when the station ended


class StationRefused(Refused):
    """The station said no: `status` and `type` are for programs, the text is for people."""

    def __init__(
        self,
        message: str,
        findings: list[dict[str, Any]] | None = None,
        status: int = 0,
        *,
        type: str = "about:blank",  # noqa: A002  # as RFC 9457 calls it
        text_zh: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, text_zh=text_zh)
        self.findings = findings or []
        self.status = status
        self.type = type
        self.more = dict(more or {})


class StationHttp:
    """One caller's connections to a station."""

    def __init__(self, url: str, *, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, timeout=_ASK_WITHIN_S, trust_env=False,
            # Reading all authorities takes 0.1 s: not where nothing is verified.
            verify=tls or not url.lower().startswith("http:"),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )  # fmt: skip
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self.unchanged_count = 0  # answers that were not sent again

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401  # JSON
        """A JSON answer; StationRefused, or Transient when the station does not answer."""
        request = self._http.build_request("GET", path, params=_plain(query))
        address = str(request.url)
        tag, body = self._kept.get(address, ("", b""))
        if tag:
            request.headers["If-None-Match"] = tag
        answer = await self._send(request)
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            self.unchanged_count += 1
            self._kept.move_to_end(address)
            return json.loads(body)
        _raise_if_refused(answer)
        if "etag" in answer.headers:
            self._kept[address] = (answer.headers["etag"], answer.content)
            self._kept.move_to_end(address)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer.json()

    async def get_file(self, path: str, query: Query | None = None) -> bytes:
        """An answer that is no JSON."""
        answer = await self._send(self._http.build_request("GET", path, params=_plain(query)))
        _raise_if_refused(answer)
        return answer.content

    async def post(self, path: str, body: Mapping[str, Any], *, key: str = "") -> Any:  # noqa: ANN401
        """Have something done, once, however often it has to be sent; the JSON answer or None."""
        request = self._http.build_request(
            "POST", path, json=dict(body), headers={"Idempotency-Key": key or uuid.uuid4().hex}
        )
        answer = await self._send(request)
        _raise_if_refused(answer)
        return answer.json() if answer.content else None

    async def lines(self, path: str, query: Query | None = None) -> AsyncIterator[Any]:
        """Each JSON line of a stream that does not end; Transient when the station is gone."""
        try:
            async with self._http.stream("GET", path, params=_plain(query), timeout=None) as answer:
                if answer.is_error:
                    await answer.aread()
                    _raise_if_refused(answer)
                async for line in answer.aiter_lines():
                    if line:
                        yield json.loads(line)
        except httpx.HTTPError as error:
            raise _away(error) from error

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Send until there is an answer; every request here may arrive twice."""
        wait_s, was_lost = _AGAIN_S, False
        for is_last in (*[False] * (_TRIES - 1), True):
            try:
                answer = await self._http.send(request)
            except httpx.HTTPError as error:
                if is_last:
                    raise _away(error) from error
                was_lost = True
            else:
                # The first copy may still be at work: what it comes to is asked for once more.
                if is_last or not was_lost or _problem(answer).get("type") != _UNKNOWN:
                    return answer
            await anyio.sleep(wait_s)
            wait_s *= 2
        raise AssertionError("the last try returns or raises")


def _plain(query: Query | None) -> dict[str, Any]:
    return {key: value for key, value in (query or {}).items() if value is not None}


def _away(error: httpx.HTTPError) -> Transient:
    return Transient(f"the station does not answer: {error!r}")


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The body of a refusal, also of one by something between here and the station."""
    if answer.is_success or not answer.headers.get("content-type", "").endswith("json"):
        return {}
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _raise_if_refused(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    said = _problem(answer)
    words = said.get("error") or f"{answer.status_code} {answer.reason_phrase}"
    raise StationRefused(
        words, said.get("findings", []), answer.status_code,
        type=said.get("type", "about:blank"), text_zh=said.get("error_zh", ""), more=said,
    )  # fmt: skip
