"""Brings the autopilot's own flight log down after landing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.log_files import LogFilesAsync
from mavsdk.exceptions import MavsdkError
from mavsdk.plugins.log_files import Entry

from drone.mavsdk_calls import Calls, result_name, said_zh, shielded
from patrol.errors import CommandDenied
from patrol.groups import one_error

_SILENT_S = 20.0  # wall, without any progress
_LOOK_EVERY_S = 0.05  # wall

Progress = Callable[[float], None]


async def download_newest_log(
    system: System, calls: Calls, folder: Path, progress: Progress
) -> Path:
    """The newest log as a file in `folder`; CommandDenied in words.

    `progress` is called with 0.0 to 1.0. What was torn is not left behind. It takes minutes on a
    radio, so it gives way to whatever else is asked of the aircraft.
    """
    logs = LogFilesAsync(system)
    try:
        entries = await shielded(logs.get_entries)
    except MavsdkError as error:
        raise _denied(error) from error
    if not entries:
        raise CommandDenied("download log", "the autopilot has no log", "飞控没有日志")
    newest = max(entries, key=lambda entry: (entry.date, entry.id))
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    path = folder / f"{newest.date.replace(':', '')}-{newest.id}.ulg"
    part = path.with_suffix(".part")
    await anyio.Path(part).unlink(missing_ok=True)
    try:
        with one_error():
            async with anyio.create_task_group() as group:
                group.start_soon(_give_way, calls)
                await _download(logs, newest, part, progress)
                group.cancel_scope.cancel()
        await anyio.Path(part).replace(path)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.Path(part).unlink(missing_ok=True)
    return path


async def _download(logs: LogFilesAsync, entry: Entry, part: Path, progress: Progress) -> None:
    stream = logs.download_log_file(entry, str(part))
    is_whole = False
    try:
        while not is_whole:
            with anyio.fail_after(_SILENT_S):
                try:
                    _, told = await anext(stream)
                    progress(min(1.0, max(0.0, told.progress)))
                except StopAsyncIteration:
                    is_whole = True
    except TimeoutError as error:
        raise CommandDenied(
            "download log", f"nothing came for {_SILENT_S:.0f} s", f"{_SILENT_S:.0f}秒内无数据"
        ) from error
    except MavsdkError as error:
        raise _denied(error) from error
    finally:
        if not is_whole:
            with anyio.CancelScope(shield=True):
                await _give_up(logs)
        await stream.aclose()


async def _give_up(logs: LogFilesAsync) -> None:
    try:
        await shielded(logs.cancel_download_log_file)
    except MavsdkError:
        return  # there is none under way any more


async def _give_way(calls: Calls) -> None:
    while True:
        calls.check("download log")
        await anyio.sleep(_LOOK_EVERY_S)


def _denied(error: MavsdkError) -> CommandDenied:
    name = result_name(error)
    return CommandDenied("download log", f"the autopilot answers {name}", said_zh(name))
