"""What every answer tells the browser to do and not to do."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import URL

_HSTS_S = 180 * 24 * 3600
SECURITY_HEADERS: Mapping[str, str] = {
    # MapLibre starts its worker from a file of ours, or from a blob of its own; pictures and
    # icons it makes itself are data: and blob:. Nothing else comes from anywhere but here.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; img-src 'self' data: blob:; "
        "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; child-src 'self' blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def headers_for(url: URL) -> dict[str, str]:
    """The headers of the answer to a request; what the API says is kept in no cache."""
    found, path = dict(SECURITY_HEADERS), url.path
    # A browser would take it for every port of localhost, where the demo is plain HTTP.
    if url.scheme == "https" and url.hostname != "localhost":
        found["Strict-Transport-Security"] = f"max-age={_HSTS_S}"
    if path.startswith("/api/"):
        found["Cache-Control"] = "no-store"
    return found
