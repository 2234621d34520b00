"""A clip's length and kind are read from its own bytes, whatever they claim."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.clips import OGG_OPUS, WAV, Clip, clip_of
from drone.loudness import level_1m_dba, quieter
from drone.opus import as_opus, as_wav
from tests.agents import wav


@functools.cache
def a_pair() -> tuple[Clip, Clip]:
    """The same tone as WAV and as Opus."""
    spoken = clip_of(wav(0.4, rate_hz=22050, tone=True), "x")
    return spoken, as_opus(spoken)


def test_opus_is_as_long_as_the_wav_it_came_from_smaller_and_the_same_each_time() -> None:
    spoken, opus = a_pair()
    assert (spoken.media_type, opus.media_type) == (WAV, OGG_OPUS)
    assert opus.duration_s == pytest.approx(spoken.duration_s, abs=0.03)
    assert as_wav(opus).duration_s == pytest.approx(spoken.duration_s, abs=0.03)
    assert len(opus.sound) < len(spoken.sound) / 4
    assert as_opus(spoken) == opus
    assert as_opus(opus) is opus


@given(st.data())
def test_half_a_file_is_no_clip(data: st.DataObject) -> None:
    for clip in a_pair():
        cut = data.draw(st.integers(0, len(clip.sound) - 1))
        with pytest.raises(ValueError, match="half|neither"):
            clip_of(clip.sound[:cut], "x")


@given(st.data())
def test_a_file_with_a_wrong_byte_is_a_clip_that_decodes_or_a_value_error(
    data: st.DataObject,
) -> None:
    for clip in a_pair():
        at = data.draw(st.integers(0, len(clip.sound) - 1))
        changed = bytearray(clip.sound)
        changed[at] ^= data.draw(st.integers(1, 255))
        try:
            decoded = as_wav(clip_of(bytes(changed), "x"))
        except ValueError:
            continue
        assert decoded.media_type == WAV


def test_a_chunk_that_is_longer_than_its_file_is_told() -> None:
    spoilt = bytearray(wav(0.4))
    spoilt[16] ^= 1  # the length of "fmt "
    with pytest.raises(ValueError, match="nor a WAV"):
        clip_of(bytes(spoilt), "x")


@given(st.binary(max_size=400), st.sampled_from([b"", b"OggS", b"RIFF\x24\0\0\0WAVEfmt "]))
def test_random_bytes_are_no_clip(rest: bytes, start: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        clip_of(start + rest, "x")


def test_half_the_volume_is_half_the_amplitude_and_six_decibels_less() -> None:
    samples = (1000).to_bytes(2, "little", signed=True) + (-1000).to_bytes(2, "little", signed=True)
    half = quieter(samples, 50.0)
    assert [int.from_bytes(half[i : i + 2], "little", signed=True) for i in (0, 2)] == [500, -500]
    assert quieter(samples, 100.0) == samples
    assert level_1m_dba(50.0) == pytest.approx(level_1m_dba(100.0) - 6.02, abs=0.01)
