"""The eye's way out: facts are never dropped, video is, up to the next key frame."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import IO

_VIDEO_WAITING = 40  # packets; about four seconds at ten frames a second
_FACTS_WAITING = 2000  # minutes of looks: a parent that stands still that long is dead


class Outlet:
    """A bounded queue and the thread that writes it to the pipe."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._video_count = 0
        self._is_skipping = False
        self.dropped_count = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Write in a thread of its own until the pipe breaks."""
        threading.Thread(target=self._write, daemon=True).start()

    def always(self, message: bytes) -> None:
        """A fact; it waits as long as it must."""
        with self._changed:
            if len(self._waiting) >= _FACTS_WAITING:
                self._waiting.popleft()
                self.dropped_count += 1
            self._waiting.append((message, False))
            self._changed.notify()

    def video(self, message: bytes, *, is_key: bool) -> None:
        """A packet; on a backlog everything up to the next key frame is left out."""
        with self._changed:
            if self._video_count >= _VIDEO_WAITING:
                self._is_skipping = True
            elif is_key:
                self._is_skipping = False
            if self._is_skipping:
                self.dropped_count += 1
                return
            self._video_count += 1
            self._waiting.append((message, True))
            self._changed.notify()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                message, is_video = self._waiting.popleft()
                self._video_count -= is_video
            try:
                self._out.write(message)
                self._out.flush()
            except OSError:
                os._exit(0)  # the parent is gone, and with it every reason to look
