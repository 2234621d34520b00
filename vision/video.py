"""Pictures from a camera, a file or a folder: one demultiplexer, the newest frame to look at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
import av.container
import cv2
import numpy as np

from patrol.errors import ConfigError, VideoLost
from vision.detectors import Image

_START_CODES = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
_OPEN_WITHIN_S, _STALL_S = 5.0, 3.0
_DAMAGED_S = 5.0  # without one whole picture the camera counts as lost
_FROZEN_SHARE = 0.9  # of the stall time
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_STREAMS = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "rtp://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture. `image` is H x W x 3, BGR, uint8; `captured_at_s` wall monotonic."""

    image: Image
    sequence: int
    captured_at_s: float
    media_s: float  # in the source's own time; 0 at its first frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One access unit as Annex-B, untouched."""

    data: bytes
    is_key: bool
    captured_at_s: float


class VideoSource(Protocol):
    """Frames in order; VideoLost when it breaks off, ConfigError when it is no such thing."""

    def frames(self) -> Iterator[Frame]:
        """Every frame (files) or the newest ones (streams)."""
        ...


def is_stream(source: str) -> bool:
    """Whether it is an address rather than a file."""
    return source.lower().startswith(_STREAMS)


class FileSource:
    """A video file, or one picture."""

    def __init__(self, path: Path, every_s: float | None = None) -> None:
        self._path = path
        self._every_s = every_s or 0.0
        if not path.is_file():
            raise ConfigError(f"there is no such file: {path}")
        self.is_picture = path.suffix.lower() in PICTURE_SUFFIXES
        self.duration_s, self.rate_hz = (0.0, 0.0) if self.is_picture else self._probe()

    def frames(self) -> Iterator[Frame]:
        """Every frame, or one in every so many seconds."""
        if self.is_picture:
            yield Frame(
                image=read_picture(self._path),
                sequence=0,
                captured_at_s=time.monotonic(),
                media_s=0.0,
            )
            return
        due_s, last_s = 0.0, 0.0
        with self._open() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            try:
                for number, frame in enumerate(container.decode(stream)):
                    # Some containers give no times, or times that go back: count instead.
                    at_s = number / (self.rate_hz or 25.0)
                    if frame.time is not None and frame.time >= last_s:
                        at_s = float(frame.time)
                    last_s = max(last_s, at_s)
                    if self._every_s:
                        if at_s + 1e-6 < due_s:
                            continue
                        while due_s <= at_s + 1e-6:
                            due_s += self._every_s
                    yield Frame(
                        image=_bgr(frame), sequence=number,
                        captured_at_s=time.monotonic(), media_s=at_s,
                    )  # fmt: skip
            except av.FFmpegError as error:
                raise ConfigError(
                    f"the video breaks off: {self._path} ({error.strerror})"
                ) from error

    def _open(self) -> av.container.InputContainer:
        try:
            container = av.open(str(self._path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise ConfigError(f"not a picture or video that can be read: {self._path}") from error
        if not container.streams.video:
            container.close()
            raise ConfigError(f"there is no picture in {self._path}")
        return container

    def _probe(self) -> tuple[float, float]:
        with self._open() as container:
            stream = container.streams.video[0]
            length_s = float(container.duration or 0) / 1e6
            return length_s, float(stream.average_rate or stream.base_rate or 25)


def read_picture(path: Path) -> Image:
    """A picture in BGR; ConfigError when it is none."""
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise ConfigError(f"the picture cannot be read: {path} ({error.strerror})") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise ConfigError(f"this is no picture: {path}")
    return np.asarray(image, dtype=np.uint8)


class FolderSource:
    """The pictures of a folder, in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES
        )
        if not self.paths:
            raise ConfigError(f"there is no picture in the folder {folder}")

    def frames(self) -> Iterator[Frame]:
        """One frame a picture."""
        for number, path in enumerate(self.paths):
            yield Frame(
                image=read_picture(path),
                sequence=number,
                captured_at_s=time.monotonic(),
                media_s=0.0,
            )


class StreamSource:
    """A live H.264 stream. `run` demuxes and decodes in its thread; `newest` hands out frames.

    Capture time is arrival less the camera's calibrated latency. Decoding goes on while nobody
    looks, so that a look never gets an old picture; frames passed over are counted.
    """

    def __init__(
        self,
        url: str,
        *,
        latency_s: float = 0.0,
        transport: str = "tcp",
        on_packet: Callable[[Packet], None] | None = None,
        damaged_s: float = _DAMAGED_S,
    ) -> None:
        self.url = url
        self._latency_s = latency_s
        self._transport = transport
        self._on_packet = on_packet
        self._damaged_s = damaged_s
        self._newest: Frame | None = None
        self._is_new = threading.Condition()
        self._is_closed = False
        self.codec = ""

    def run(self) -> None:
        """Read until the stream ends or stalls (VideoLost), or until `close`."""
        options = {
            "rtsp_transport": self._transport, "fflags": "nobuffer", "flags": "low_delay",
            "fpsprobesize": "0",  # measuring the rate, which nobody needs, took 2 s of every start
        }  # fmt: skip
        try:
            container = av.open(self.url, options=options, timeout=(_OPEN_WITHIN_S, _STALL_S))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoLost(f"no camera answers at {self.url}: {_words(error)}") from error
        try:
            with container:
                self._read(container)
        except (av.FFmpegError, OSError) as error:
            words = f"no picture for {_STALL_S:.0f} s" if _is_timeout(error) else _words(error)
            raise VideoLost(f"the picture from {self.url} broke off: {words}") from error
        finally:
            self._wake()
        if not self._is_closed:
            raise VideoLost(f"the camera at {self.url} ended its stream")

    def close(self) -> None:
        """Ask `run` to end at the next packet."""
        self._is_closed = True
        self._wake()

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        """The newest frame after that sequence number; None when none comes in time."""
        with self._is_new:
            self._is_new.wait_for(
                lambda: (
                    self._is_closed or (self._newest is not None and self._newest.sequence > after)
                ),
                timeout_s,
            )
            frame = self._newest
        return frame if frame is not None and frame.sequence > after else None

    def _read(self, container: av.container.InputContainer) -> None:
        if not container.streams.video:
            raise VideoLost(f"there is no picture in {self.url}")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # frame threads would hold pictures back
        self.codec = stream.codec_context.name
        sequence = self._newest.sequence if self._newest else 0
        heard_s = good_s = time.monotonic()
        is_whole = True
        for packet in container.demux(stream):
            if self._is_closed:
                return
            silent_s, heard_s = time.monotonic() - heard_s, time.monotonic()
            if silent_s > _FROZEN_SHARE * _STALL_S:
                # At its time-out FFmpeg hands out what it held back: an old picture, dated now.
                raise VideoLost(f"no picture from {self.url} for {silent_s:.0f} s")
            if packet.dts is None:
                continue
            captured_at_s = time.monotonic() - self._latency_s
            self._pass_on(packet, captured_at_s)
            for frame in packet.decode():
                # Nobody may be counted in what a decoder guesses, nor in what builds upon it.
                is_whole = not frame.is_corrupt and (is_whole or bool(frame.key_frame))
                if not is_whole:
                    if time.monotonic() - good_s > self._damaged_s:
                        raise VideoLost(f"the picture from {self.url} is damaged")
                    continue
                good_s = time.monotonic()
                sequence += 1
                with self._is_new:
                    self._newest = Frame(
                        image=_bgr(frame), sequence=sequence,
                        captured_at_s=captured_at_s, media_s=float(frame.time or 0.0),
                    )  # fmt: skip
                    self._is_new.notify_all()

    def _pass_on(self, packet: av.Packet[av.VideoStream], captured_at_s: float) -> None:
        """For a browser that decodes H.264 itself."""
        if self.codec != "h264" or self._on_packet is None:
            return
        # RTSP gives Annex-B; a length-prefixed stream (MP4 style) would not start so.
        data = bytes(packet)
        if data.startswith(_START_CODES):
            self._on_packet(
                Packet(data=data, is_key=packet.is_keyframe, captured_at_s=captured_at_s)
            )

    def _wake(self) -> None:
        with self._is_new:
            self._is_new.notify_all()


def _bgr(frame: av.VideoFrame) -> Image:
    return np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)


def _is_timeout(error: BaseException) -> bool:
    # PyAV ends a read that takes too long by FFmpeg's own means of interruption.
    return isinstance(error, av.ExitError)
