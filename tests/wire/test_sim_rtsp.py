"""The camera's server, read by ffmpeg (PyAV, OpenCV) and by a plain socket."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
import anyio.from_thread
import av
import cv2
import numpy as np
import pytest

from patrol.clock import SystemClock
from sim.encoder import Encoder
from sim.live import LiveStream
from sim.rtsp import RtspServer

WIDTH_PX, HEIGHT_PX, RATE = 320, 240, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server; `url` reads it."""

    port: int
    stream: LiveStream

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/camera"


async def film(stream: LiveStream) -> None:
    """A square that wanders, noisy enough that key frames need many packets."""
    encoder, clock = (
        Encoder(width_px=WIDTH_PX, height_px=HEIGHT_PX, frames_per_s=RATE),
        SystemClock(),
    )
    noise = np.random.default_rng(1).integers(0, 120, (HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    number = 0
    while True:
        picture = noise.copy()
        picture[100:140, number % 280 : number % 280 + 40] = 255
        unit = encoder.encode(picture, clock.monotonic_s())
        assert unit is not None
        stream.publish(unit)
        number += 1
        await clock.sleep(1.0 / RATE)


@contextmanager
def serving(session_timeout_s: float = 60.0) -> Iterator[Served]:
    """The server in a thread of its own, since ffmpeg blocks."""
    stream, ready = LiveStream(), threading.Event()
    found: dict[str, int] = {}
    stop = threading.Event()

    async def serve() -> None:
        server = RtspServer(
            stream=stream, path="/camera", frames_per_s=RATE, clock=SystemClock(),
            session_timeout_s=session_timeout_s,
        )  # fmt: skip
        async with anyio.create_task_group() as tasks:
            found["port"] = await tasks.start(server.run)
            tasks.start_soon(film, stream)
            await stream.parameter_sets()
            ready.set()
            await anyio.to_thread.run_sync(stop.wait)
            tasks.cancel_scope.cancel()

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    try:
        assert ready.wait(10.0)
        yield Served(port=found["port"], stream=stream)
    finally:
        stop.set()
        thread.join(10.0)
        assert not thread.is_alive(), "the server ends when it is told"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


class Client:
    """RTSP over a plain socket, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self.url = f"rtsp://127.0.0.1:{port}/camera"
        self._file = self.socket.makefile("rb")
        self._sequence = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def say(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        self.socket.sendall(data)
        return self.reply()

    def ask(
        self, method: str, url: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        self._sequence += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        status, answer, body = self.say(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert answer["cseq"] == str(self._sequence)
        return status, answer, body

    def reply(self) -> tuple[int, dict[str, str], bytes]:
        """The next reply; binary frames before it are skipped."""
        while (first := self._file.read(1)) == b"$":
            self._frame_after_dollar()
        status = int((first + self._file.readline()).split()[1])
        headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def frame(self) -> tuple[int, bytes]:
        """The next interleaved frame: channel and data."""
        assert self._file.read(1) == b"$"
        return self._frame_after_dollar()

    def _frame_after_dollar(self) -> tuple[int, bytes]:
        channel, length = struct.unpack("!BH", self._file.read(3))
        return channel, self._file.read(length)

    def at_end(self) -> bool:
        """Whether the server has closed; waits for it."""
        while data := self._file.read(4096):
            assert data
        return True

    def play(self, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> dict[str, str]:
        status, setup, _ = self.ask("SETUP", f"{self.url}/trackID=0", Transport=transport)
        assert status == 200
        name = setup["session"].split(";")[0]
        status, answer, _ = self.ask("PLAY", Session=name, Range="npt=now-")
        assert status == 200
        return setup | answer | {"session": name}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_reads_whole_pictures(served: Served, transport: str) -> None:
    with av.open(served.url, options={"rtsp_transport": transport}, timeout=(5.0, 5.0)) as source:
        frames = []
        for frame in source.decode(video=0):
            frames.append(frame)
            if len(frames) == 30:
                break
    assert {(frame.width, frame.height) for frame in frames} == {(WIDTH_PX, HEIGHT_PX)}
    # ffmpeg gives the very first picture of a stream no stamp.
    stamps_s = [frame.time for frame in frames if frame.time is not None]
    assert len(stamps_s) >= 29
    steps_s = np.diff(stamps_s)
    assert steps_s.mean() == pytest.approx(1.0 / RATE, rel=0.4), "wall time stamps"
    assert steps_s.min() > 0
    assert not any(frame.is_corrupt for frame in frames)
    assert (frames[-1].to_ndarray(format="gray") > 200).any(), "the white square is in the picture"


def test_opencv_reads_it(served: Served) -> None:
    capture = cv2.VideoCapture(served.url, cv2.CAP_FFMPEG)
    is_read, picture = capture.read()
    capture.release()
    assert is_read
    assert picture.shape == (HEIGHT_PX, WIDTH_PX, 3)


def test_several_clients_watch_at_once(served: Served) -> None:
    with Client(served.port) as first, Client(served.port) as second:
        for client in (first, second):
            client.play()
        for client in (first, second):
            assert client.frame()[0] in (0, 1)


def test_methods_are_offered_and_others_refused(served: Served) -> None:
    with Client(served.port) as client:
        status, headers, _ = client.ask("OPTIONS", "*")
        assert status == 200
        for method in ("DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER"):
            assert method in headers["public"]
        assert client.ask("RECORD")[0] == 501
        assert client.ask("DESCRIBE", f"{client.url}x")[0] == 404
        assert client.ask("DESCRIBE", Accept="text/plain")[0] == 406
        assert client.ask("DESCRIBE", Require="implicit-play")[0] == 551
        assert client.ask("PLAY", Session="nobody")[0] == 454
        assert client.ask("SETUP", Transport="RTP/AVP;multicast")[0] == 461
        assert client.say(b"OPTIONS * RTSP/2.0\r\nCSeq: 9\r\n\r\n")[0] == 505
        assert client.say(b"OPTIONS * RTSP/1.0\r\n\r\n")[0] == 400


def test_the_description_carries_the_parameter_sets(served: Served) -> None:
    with Client(served.port) as client:
        status, headers, body = client.ask("DESCRIBE", Accept="application/sdp")
    assert status == 200
    assert headers["content-type"] == "application/sdp"
    text = body.decode()
    assert "packetization-mode=1" in text
    assert "sprop-parameter-sets=Z0LA" in text, "a constrained baseline sequence set"
    assert [line[0] for line in text.split("\r\n")[:5]] == ["v", "o", "s", "c", "t"]


def test_a_sender_report_precedes_the_pictures_and_a_key_frame_is_their_first(
    served: Served,
) -> None:
    with Client(served.port) as client:
        client.play("RTP/AVP/TCP;unicast;interleaved=4-5")
        channel, report = client.frame()
        assert channel == 5
        assert report[1] == 200
        ntp, stamp = struct.unpack("!QI", report[8:20])
        assert ntp / 2**32 - 2_208_988_800 == pytest.approx(time.time(), abs=5.0)
        channel, packet = client.frame()
        assert channel == 4
        assert packet[12] & 0x1F == 7, "a sequence parameter set"
        picture_stamp = struct.unpack("!I", packet[4:8])[0]
        assert abs((stamp - picture_stamp + 2**31) % 2**32 - 2**31) < 90_000


def test_pause_stops_the_pictures_and_play_starts_them_again(served: Served) -> None:
    with Client(served.port) as client:
        session = client.play()["session"]
        client.frame()
        assert client.ask("PAUSE", Session=session)[0] == 200
        assert client.ask("GET_PARAMETER", Session=session)[0] == 200
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(5.0)
    with Client(served.port) as client:
        session = client.play()["session"]
        client.ask("PAUSE", Session=session)
        assert client.ask("PLAY", Session=session)[0] == 200
        assert client.frame()[0] in (0, 1)


def test_teardown_ends_the_session_and_the_connection_serves_another(served: Served) -> None:
    with Client(served.port) as client:
        session = client.play()["session"]
        assert client.ask("SETUP", Transport="RTP/AVP/TCP")[0] == 455
        assert client.ask("TEARDOWN", Session=session)[0] == 200
        assert client.ask("PLAY", Session=session)[0] == 454
        assert client.play()["session"] != session


def test_over_udp_ports_come_in_pairs_and_packets_reach_them(served: Served) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, Client(served.port) as client:
        media.bind(("127.0.0.1", 0))
        media.settimeout(5.0)
        port = media.getsockname()[1]
        headers = client.play(f"RTP/AVP;unicast;client_port={port}-{port + 1}")
        ours = headers["transport"].split("server_port=")[1].split(";")[0].split("-")
        assert int(ours[0]) % 2 == 0
        assert int(ours[1]) == int(ours[0]) + 1
        packet, source = media.recvfrom(2048)
        assert source[1] == int(ours[0])
        assert packet[0] == 0x80
        assert packet[1] & 0x7F == 96


def test_a_client_that_does_not_read_holds_nobody_up(served: Served) -> None:
    with Client(served.port) as sleeper, Client(served.port) as reader:
        sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.play()
        reader.play()
        deadline_s = time.monotonic() + 10.0
        pictures = 0
        while pictures < 60 and time.monotonic() < deadline_s:
            channel, packet = reader.frame()
            pictures += channel == 0 and packet[1] >> 7
        assert pictures == 60
        assert max(len(r._units) for r in served.stream._readers) <= 10


def test_a_silent_session_is_ended() -> None:
    with serving(session_timeout_s=0.5) as served, Client(served.port) as client:
        port = 50_000  # nobody listens there: no receiver report will come
        client.play(f"RTP/AVP;unicast;client_port={port}-{port + 1}")
        assert client.at_end()


def test_nonsense_is_answered_and_the_connection_closed(served: Served) -> None:
    with Client(served.port) as client:
        assert client.say(b"GET / HTTP/1.1\r\n\r\n")[0] == 400
        assert client.at_end()
