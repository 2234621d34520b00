"""One station a data folder: two writers would tear the audit chain."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from patrol.errors import ConfigError

_LOCK_NAME = "station.lock"
_FOLDERS_TRIED = 20


@contextlib.contextmanager
def data_lock(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; ConfigError when another station has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK_NAME).open("a+b")
    except OSError as error:
        raise ConfigError(f"the data folder cannot be used: {folder} ({error.strerror})") from error
    with lock:
        if not _take(lock.fileno()):
            raise ConfigError(f"another station works in {folder}; name another folder with --data")
        yield  # the system lets go of the lock when the file is closed, however the process ends


def free_data_dir(named: Path | None, default: Path) -> Path:
    """The named folder; or the default, or the first of its neighbours that no station holds."""
    if named is not None:
        with data_lock(named):
            return named
    for number in range(1, _FOLDERS_TRIED + 1):
        folder = default if number == 1 else default.with_name(f"{default.name}-{number}")
        with contextlib.suppress(ConfigError), data_lock(folder):
            return folder
    raise ConfigError(f"{default} and its neighbours are all in use or not writable; use --data")


def _take(file_number: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file_number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
