"""For clients that ask a station of this machine, without encryption."""

from __future__ import annotations

import ssl

# Saves each client from reading all authorities, which takes longer than most answers.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
