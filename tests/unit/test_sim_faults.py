"""Faults as people order them, the lossy link's bad luck, and a wire test for every fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.__main__ import main
from sim.clock import SimClock
from sim.faults import AMOUNTS, Fault, FaultOrder, Faults, fault_order, follow
from sim.link import LossyLink

WIRE_TESTS = Path(__file__).parents[1] / "wire"


@given(st.sampled_from(Fault), st.floats(0.0, 1e6), st.data())
def test_an_order_is_read_as_it_was_written(fault: Fault, at_s: float, data: st.DataObject) -> None:
    text, value = fault.name, None
    if fault in AMOUNTS:
        value = data.draw(st.floats(AMOUNTS[fault].low, AMOUNTS[fault].high))
        text += f"={value!r}"
    assert fault_order(text) == FaultOrder(fault=fault, value=value)
    assert fault_order(f"{text}@{at_s!r}") == FaultOrder(fault=fault, value=value, at_s=at_s)
    until = FaultOrder(fault=fault, value=value, at_s=at_s, end_s=at_s + 1.0, aircraft=7)
    assert fault_order(f"{text}@{at_s!r}..{at_s + 1.0!r}:GP-7") == until


@given(st.text(max_size=30))
def test_what_is_no_order_is_refused_in_words_and_never_crashes(text: str) -> None:
    with pytest.raises(ValueError, match=r"is wanted|there is no fault"):
        fault_order(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("EARTHQUAKE", "there is no fault 'EARTHQUAKE'"),
        ("PACKET_LOSS=80", "from 1 to 50, not 80"),
        ("PACKET_LOSS=much", "a number is wanted, not 'much'"),
        ("PACKET_LOSS=nan", "a number is wanted"),
        ("SILENT=3", "takes no value"),
        ("SILENT@-1", "cannot come before the start"),
        ("SILENT@9..9", "cannot end (9 s) before it begins (9 s)"),
        ("SILENT@9..", "is wanted"),
        ("SILENT:drone", "the aircraft's name or number is wanted after ':', not 'drone'"),
        ("SILENT:2", "there is only one aircraft, no 2"),
        ("", "is wanted, not ''"),
    ],
)
def test_a_wrong_order_on_the_command_line_is_one_sentence_and_exit_code_two(
    text: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["sim", "--scenario", "none.json", "--fault", text])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.anyio
async def test_each_fault_comes_at_its_world_second_whatever_the_order_of_writing() -> None:
    faults, clock = Faults(), SimClock(datetime.now(UTC), 100.0)
    orders = [fault_order("GNSS_LOST@20"), fault_order("PACKET_LOSS=7"), fault_order("SILENT@10")]
    seen: list[set[str]] = []
    async with anyio.create_task_group() as group:
        group.start_soon(follow, orders, faults, clock)
        for at_s in (5.0, 15.0, 25.0):
            await clock.sleep(at_s - clock.monotonic_s())
            seen.append({fault.name for fault in faults})
    assert seen == [
        {"PACKET_LOSS"}, {"PACKET_LOSS", "SILENT"}, {"PACKET_LOSS", "SILENT", "GNSS_LOST"},
    ]  # fmt: skip
    assert faults.value(Fault.PACKET_LOSS) == 7.0


@pytest.mark.anyio
async def test_a_fault_ends_at_its_end_and_those_that_touch_it_follow_on() -> None:
    faults, clock = Faults(), SimClock(datetime.now(UTC), 100.0)
    orders = [fault_order("PACKET_LOSS=7@10..20"), fault_order("PACKET_LOSS=9@20..30")]
    seen: list[float] = []
    async with anyio.create_task_group() as group:
        group.start_soon(follow, orders, faults, clock)
        for at_s in (5.0, 15.0, 25.0, 35.0):
            await clock.sleep(at_s - clock.monotonic_s())
            seen.append(faults.value(Fault.PACKET_LOSS))
    assert seen == [0.0, 7.0, 9.0, 0.0]


def test_a_fault_that_is_mended_forgets_how_much_of_it_there_was() -> None:
    faults = Faults()
    faults.inject(Fault.PACKET_LOSS, 40.0)
    faults.clear_one(Fault.PACKET_LOSS)
    assert faults.value(Fault.PACKET_LOSS) == 0.0
    faults.inject(Fault.PACKET_LOSS)
    assert faults.value(Fault.PACKET_LOSS) == AMOUNTS[Fault.PACKET_LOSS].default
    with pytest.raises(ValueError, match="from 1 to 50"):
        faults.inject(Fault.PACKET_LOSS, 51.0)


def through(seed: int, fault: Fault | None = None, value: float | None = None) -> list[bytes]:
    """A thousand numbered datagrams, one a hundredth of a second, and what comes out in the end."""
    faults = Faults()
    if fault is not None:
        faults.inject(fault, value)
    link, out = LossyLink(faults, seed), []
    for number in range(1000):
        now_s = number / 100.0
        link.put(number.to_bytes(4, "big"), now_s)
        out += link.due(now_s)
    return out + link.due(1e9)


SENT = [number.to_bytes(4, "big") for number in range(1000)]


def test_a_sound_link_passes_everything_at_once_and_in_order() -> None:
    assert through(1) == SENT


def test_the_same_seed_has_the_same_bad_luck_and_another_has_its_own() -> None:
    assert through(1, Fault.PACKET_LOSS, 20.0) == through(1, Fault.PACKET_LOSS, 20.0)
    assert through(1, Fault.PACKET_LOSS, 20.0) != through(2, Fault.PACKET_LOSS, 20.0)


def test_each_fault_of_the_link_does_what_it_says_and_no_more() -> None:
    lost = through(3, Fault.PACKET_LOSS, 20.0)
    assert 750 < len(lost) < 850
    assert sorted(lost) == lost
    doubled = through(3, Fault.DUPLICATION, 20.0)
    assert 1150 < len(doubled) < 1250
    assert set(doubled) == set(SENT)
    swapped = through(3, Fault.REORDERING, 20.0)
    assert sorted(swapped) == SENT
    assert swapped != SENT
    damaged = through(3, Fault.CORRUPTION, 20.0)
    assert 750 < sum(a == b for a, b in zip(damaged, SENT, strict=True)) < 850
    assert through(3, Fault.DELAY, 200.0) == SENT
    assert through(3, Fault.SILENT) == []


def test_what_is_delayed_comes_when_its_time_has_come_and_not_before() -> None:
    faults = Faults()
    faults.inject(Fault.DELAY, 250.0)
    link = LossyLink(faults, 1)
    link.put(b"a", 10.0)
    assert link.due(10.2) == []
    assert link.due(10.25) == [b"a"]
    assert link.due(11.0) == []


def test_every_fault_has_its_wire_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in WIRE_TESTS.glob("test_*.py"))
    assert [fault.name for fault in Fault if f"Fault.{fault.name}" not in tests] == []
