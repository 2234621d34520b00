"""Pictures out of files, folders and streams, and sentences for what is none."""

from __future__ import annotations

import socket
import threading
import wave
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from patrol.errors import ConfigError, VideoLost
from vision.detectors import Image
from vision.video import FileSource, FolderSource, Packet, StreamSource, is_stream, read_picture

RATE = 10
FRAMES = 25


def grey(level: int, size: tuple[int, int] = (64, 96)) -> Image:
    return np.full((*size, 3), level, np.uint8)


def write_video(path: Path, frames: int = FRAMES, codec: str = "libx264") -> Path:
    """Grey pictures, each a little lighter than the one before."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(grey(20 + 8 * number), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "walk.mp4")


def test_a_video_gives_every_frame_in_order_with_its_time(video: Path) -> None:
    frames = list(FileSource(video).frames())
    assert [frame.sequence for frame in frames] == list(range(FRAMES))
    assert [frame.media_s for frame in frames] == pytest.approx([n / RATE for n in range(FRAMES)])
    levels = [float(frame.image.mean()) for frame in frames]
    assert levels == sorted(levels)
    assert frames[0].image.shape == (64, 96, 3)
    assert frames[0].image.dtype == np.uint8


def test_a_video_says_its_rate_and_its_length(video: Path) -> None:
    source = FileSource(video)
    assert not source.is_picture
    assert source.rate_hz == pytest.approx(RATE)
    assert source.duration_s == pytest.approx(FRAMES / RATE, abs=0.15)


@pytest.mark.parametrize(("every_s", "numbers"), [(1.0, [0, 10, 20]), (0.5, [0, 5, 10, 15, 20])])
def test_one_frame_in_every_so_many_seconds(
    video: Path, every_s: float, numbers: list[int]
) -> None:
    assert [frame.sequence for frame in FileSource(video, every_s).frames()] == numbers


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".mov", ".avi"])
def test_other_containers_are_read_too(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"walk{suffix}", frames=5)
    assert len(list(FileSource(path).frames())) == 5


@pytest.mark.parametrize("name", ["a.jpg", "a.PNG", "a.bmp", "a.webp"])
def test_a_picture_is_one_frame(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    cv2.imwrite(str(path), grey(130))
    source = FileSource(path)
    (frame,) = source.frames()
    assert source.is_picture
    assert (frame.sequence, frame.media_s) == (0, 0.0)
    assert float(frame.image.mean()) == pytest.approx(130, abs=2)


def test_a_picture_without_colour_or_with_transparency_gets_three_channels(
    tmp_path: Path,
) -> None:
    for name, shape in (("flat.png", (8, 9)), ("clear.png", (8, 9, 4))):
        cv2.imwrite(str(tmp_path / name), np.full(shape, 90, np.uint8))
        assert read_picture(tmp_path / name).shape == (8, 9, 3)


@pytest.mark.parametrize("name", ["away.mp4", "away.jpg"])
def test_a_missing_file_is_a_config_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"no such file: .*{name}"):
        FileSource(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"no picture at all", b"\xff\xd8\xff\xe0" + bytes(20)])
def test_a_picture_that_is_none_is_a_config_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"this is no picture: .*a\.jpg"):
        list(FileSource(path).frames())


@pytest.mark.parametrize("data", [b"", b"no video at all"])
def test_a_video_that_is_none_is_a_config_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="not a picture or video"):
        FileSource(path)


def test_half_a_video_file_is_a_config_error(tmp_path: Path, video: Path) -> None:
    path = tmp_path / "half.mp4"
    data = video.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ConfigError, match=r"half\.mp4"):
        list(FileSource(path).frames())


def test_a_file_of_sound_alone_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "words.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    with pytest.raises(ConfigError, match="no picture in"):
        FileSource(path)


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, level in (("b.png", 80), ("a.JPG", 40), ("c.jpeg", 120)):
        cv2.imwrite(str(tmp_path / name), grey(level))
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    source = FolderSource(tmp_path)
    assert [path.name for path in source.paths] == ["a.JPG", "b.png", "c.jpeg"]
    levels = [float(frame.image.mean()) for frame in source.frames()]
    assert levels == pytest.approx([40, 80, 120], abs=3)


def test_a_folder_without_pictures_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no picture in the folder"):
        FolderSource(tmp_path)


@pytest.mark.parametrize(
    ("source", "is_address"),
    [
        ("rtsp://127.0.0.1/camera", True), ("RTSPS://a/b", True), ("http://a/b.m3u8", True),
        ("udp://0.0.0.0:5600", True), ("walk.mp4", False), ("/tmp/rtsp/a.jpg", False),
        ("C:\\walk.mp4", False),
    ],
)  # fmt: skip
def test_an_address_is_told_from_a_file(source: str, is_address: bool) -> None:
    assert is_stream(source) == is_address


def test_a_stream_hands_out_packets_untouched_and_the_newest_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "walk.ts", frames=12)
    packets: list[Packet] = []
    source = StreamSource(str(path), on_packet=packets.append, latency_s=0.2)
    with pytest.raises(VideoLost, match="ended its stream"):
        source.run()
    assert source.codec == "h264"
    assert len(packets) == 12
    assert packets[0].is_key
    assert all(packet.data.startswith((b"\0\0\0\1", b"\0\0\1")) for packet in packets)
    newest = source.newest(0, 1.0)
    assert newest is not None
    assert newest.sequence >= 10
    assert newest.captured_at_s <= packets[-1].captured_at_s
    assert source.newest(newest.sequence, 0.01) is None


def test_what_is_not_h264_gives_frames_and_no_packets(tmp_path: Path) -> None:
    path = write_video(tmp_path / "walk.avi", frames=5, codec="mpeg4")
    packets: list[Packet] = []
    source = StreamSource(str(path), on_packet=packets.append)
    with pytest.raises(VideoLost):
        source.run()
    assert packets == []
    assert source.newest(0, 1.0) is not None


def test_an_address_where_nobody_answers_is_lost_video() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        source = StreamSource(f"rtsp://127.0.0.1:{taken.getsockname()[1]}/camera")
        with pytest.raises(VideoLost, match="no camera answers at rtsp://"):
            source.run()


def test_whoever_waits_for_a_frame_is_let_go_when_the_stream_is_closed() -> None:
    source = StreamSource("rtsp://127.0.0.1:9/camera")
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(source.newest(0, 60.0)))
    waiter.start()
    source.close()
    waiter.join(5.0)
    assert got == [None]


def test_a_step_that_fits_no_whole_frames_does_not_drift(tmp_path: Path) -> None:
    path = write_video(tmp_path / "walk.mp4", frames=20)
    numbers = [frame.sequence for frame in FileSource(path, 0.25).frames()]
    assert numbers == [0, 3, 5, 8, 10, 13, 15, 18]
