"""HTTP that lets go of who connects and never finishes asking: places are for a stop to get in."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

_ASK_WITHIN_S = 5.0  # wall; from a connection, or the last answer, to the next whole request head


class ImpatientHttp(H11Protocol):
    """uvicorn waits for the rest of a request's head without end; nobody needs seconds for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look again and again whether anything is asked."""
        super().connection_made(transport)
        self._look_later(None)

    def _look_later(self, answered: object) -> None:
        self.loop.call_later(_ASK_WITHIN_S, self._look, answered)

    def _look(self, answered: object) -> None:
        """Close when nothing has been asked since the last look; `answered` is the request then."""
        if self.transport.is_closing():
            return
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if is_busy or self.cycle is not answered:
            self._look_later(self.cycle)
        else:
            self.transport.abort()  # TLS would wait half a minute for a farewell
