"""Opus in Ogg, through PyAV: the one file of this room that uses it (docs/decisions/0004)."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import av
from av.audio.resampler import AudioResampler

from drone.clips import LONGEST_CLIP_S, OGG_OPUS, Clip, clip_of

_BIT_RATE = 24_000  # speech: 16 kB for the 5 s of T01, where the WAV has 219 kB
_ENCODED_HZ = 48_000
DECODED_HZ = 24_000  # what speech needs, and half the memory of 48 kHz
_FRAME_SAMPLES = 960  # 20 ms


def as_opus(clip: Clip) -> Clip:
    """The clip for a slow radio; the same words give the same bytes."""
    if clip.media_type == OGG_OPUS:
        return clip
    out = io.BytesIO()
    # Bit-exact: without it every file gets a serial number, and a hash, of its own.
    with (
        av.open(io.BytesIO(clip.sound), "r") as source,
        av.open(out, "w", format="ogg", options={"fflags": "+bitexact"}) as target,
    ):
        stream = target.add_stream("libopus", rate=_ENCODED_HZ, layout="mono")
        stream.bit_rate = _BIT_RATE
        resampler = AudioResampler(
            format="s16", layout="mono", rate=_ENCODED_HZ, frame_size=_FRAME_SAMPLES
        )
        for frame in [*source.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return clip_of(out.getvalue(), clip.voice)


def as_wav(clip: Clip) -> Clip:
    """The clip as mono WAV; ValueError when it cannot be decoded or is not as long as it says."""
    try:
        samples = b"".join(_samples(clip))
    except av.FFmpegError as error:
        raise ValueError(f"the clip cannot be decoded: {error}") from error
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(DECODED_HZ)
        file.writeframes(samples)
    decoded = clip_of(out.getvalue(), clip.voice)
    if abs(decoded.duration_s - clip.duration_s) > 0.1 + 0.01 * clip.duration_s:
        raise ValueError(
            f"the clip says that it lasts {clip.duration_s:.1f} s, and lasts "
            f"{decoded.duration_s:.1f} s"
        )
    return decoded


def _samples(clip: Clip) -> Iterator[bytes]:
    """Decoded pieces, little further than a clip may last: a small file can unpack to hours."""
    heard_s = 0.0
    resampler = AudioResampler(format="s16", layout="mono", rate=DECODED_HZ)
    # Named, or the library would look among all it knows for what the bytes may be.
    form = "ogg" if clip.media_type == OGG_OPUS else "wav"
    with av.open(io.BytesIO(clip.sound), "r", format=form) as source:
        if not source.streams.audio:
            raise ValueError("the clip has no sound in it")
        for frame in source.decode(audio=0):
            heard_s += frame.samples / frame.sample_rate
            if heard_s > LONGEST_CLIP_S + 1.0:
                return
            yield from map(_bytes, resampler.resample(frame))
        yield from map(_bytes, resampler.resample(None))


def _bytes(piece: av.AudioFrame) -> bytes:
    """Without the padding at the end of its plane."""
    return bytes(piece.planes[0])[: piece.samples * 2]


class OpusStream:
    """Decodes the packets of one voice as they come, to mono 16-bit samples at DECODED_HZ."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("opus", "r")
        assert isinstance(self._decoder, av.AudioCodecContext)  # noqa: S101  # by its name
        self._decoder.sample_rate = _ENCODED_HZ
        self._decoder.layout = "mono"
        self._resampler = AudioResampler(format="s16", layout="mono", rate=DECODED_HZ)

    def decode(self, packets: list[bytes]) -> bytes:
        """The samples; ValueError when they are no Opus."""
        try:
            frames = [frame for data in packets for frame in self._decoder.decode(av.Packet(data))]
        except av.FFmpegError as error:
            raise ValueError(f"the voice cannot be decoded: {error}") from error
        return b"".join(
            _bytes(piece) for frame in frames for piece in self._resampler.resample(frame)
        )
