"""`gridpatrol watch`: the eye on a real picture, video or stream. It counts, no more."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from patrol.errors import ConfigError, VideoLost
from vision.annotate import Annotator
from vision.detectors import Detector, load_detector
from vision.unposed import UnposedCount, count_picture
from vision.video import FileSource, FolderSource, Frame, StreamSource, is_stream

_STREAM_WITHIN_S = 9.0  # an absent camera is told within 10 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One frame's result."""

    frame: Frame
    count: UnposedCount


def watch(
    source: str,
    *,
    as_json: bool = False,
    out: Path | None = None,
    every_s: float | None = None,
    model: Path | None = None,
) -> int:
    """Exit code 0 at the end of the source, 1 for a lost stream; ConfigError for wrong input."""
    detector = load_detector(model, threads=2)
    if out is not None and not out.parent.is_dir():
        raise ConfigError(f"there is no folder to write {out} into")
    if is_stream(source):
        return _watch_stream(source, detector, as_json=as_json, out=out, every_s=every_s)
    path = Path(source)
    if path.is_dir():
        if out is not None:
            raise ConfigError("--out takes one picture or one video, not a folder of pictures")
        folder = FolderSource(path)
        names = [str(one) for one in folder.paths]
        return _watch_all(folder.frames(), detector, names, len(names), as_json=as_json, out=None)
    file = FileSource(path, every_s)
    if out is not None and out.exists() and out.samefile(path):
        raise ConfigError(f"--out would write over the source itself: {path}")
    total = 1 if file.is_picture else max(1, round(file.duration_s * file.rate_hz))
    rate_hz = 1.0 / every_s if every_s else file.rate_hz
    return _watch_all(
        file.frames(), detector, [source], total, as_json=as_json, out=out, rate_hz=rate_hz,
        is_video=not file.is_picture,
    )  # fmt: skip


def _watch_all(
    frames: Iterator[Frame],
    detector: Detector,
    names: list[str],
    total: int,
    *,
    as_json: bool,
    out: Path | None,
    rate_hz: float = 1.0,
    is_video: bool = False,
) -> int:
    annotator = Annotator(out, rate_hz=rate_hz, is_video=is_video) if out else None
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("watching", total=total)
            for number, frame in enumerate(frames):
                count = count_picture(detector, frame.image)
                source = names[min(number, len(names) - 1)]
                _tell(source, Watched(frame=frame, count=count), as_json=as_json)
                if annotator is not None:
                    annotator.add(frame.image, count)
                bar.update(task, completed=frame.sequence + 1)
    finally:
        if annotator is not None:
            annotator.close()
    return 0


def _watch_stream(
    url: str, detector: Detector, *, as_json: bool, out: Path | None, every_s: float | None
) -> int:
    """A live camera until Ctrl-C or its end."""
    stream = StreamSource(url)
    lost: list[VideoLost] = []

    def read() -> None:
        try:
            stream.run()
        except VideoLost as error:
            lost.append(error)
            stream.close()

    threading.Thread(target=read, daemon=True).start()
    annotator: Annotator | None = None
    sequence, due_s, started_s = 0, 0.0, time.monotonic()
    try:
        while not lost:
            frame = stream.newest(sequence, 0.5)
            if frame is None:
                if sequence == 0 and time.monotonic() - started_s > _STREAM_WITHIN_S:
                    raise VideoLost(f"no camera answers at {url}")
                continue
            sequence = frame.sequence
            if time.monotonic() < due_s:
                continue
            due_s = time.monotonic() + (every_s or 0.0)
            count = count_picture(detector, frame.image)
            _tell(url, Watched(frame=frame, count=count), as_json=as_json)
            if out is not None:
                annotator = annotator or Annotator(out, rate_hz=5.0, is_video=True)
                annotator.add(frame.image, count)
        raise lost[0]
    finally:
        stream.close()
        if annotator is not None:
            annotator.close()


def _tell(source: str, watched: Watched, *, as_json: bool) -> None:
    count, frame = watched.count.count, watched.frame
    if as_json:
        body: dict[str, Any] = {
            "source": source,
            "frame": frame.sequence,
            "t_s": round(frame.media_s, 3),
            "people": {
                "low": round(count.low, 1), "estimate": round(count.estimate, 1),
                "high": round(count.high, 1),
            },
            "valid": count.is_valid,
            "reason": count.reason,
            "boxes": [
                [*(round(float(edge), 1) for edge in box[:4]), round(float(box[4]), 3)]
                for box in watched.count.boxes
            ],
        }  # fmt: skip
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    people = f"{count.estimate:.0f} people ({count.low:.0f} to {count.high:.0f})"
    words = people if count.is_valid else f"{people}, not valid: {count.reason}"
    name = source if is_stream(source) else Path(source).name
    sys.stdout.write(f"{name}  {frame.media_s:8.2f} s  {words}\n")
    sys.stdout.flush()
