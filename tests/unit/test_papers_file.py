"""The unit's papers: the example is one, what is wrong is told in one sentence."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.papers_file import EXERCISE_PAPERS_FILE, papers_of, read_papers
from missions.papers import Link, PermitKind, RemoteId
from patrol.errors import ConfigError
from patrol.plan import Level
from tests.ground_core import a_plan
from tests.papers import PERMIT, papers_text, write_papers
from tests.unit.test_clearance import cleared

CONFIG = Path(__file__).parents[2] / "config"


def test_the_example_has_every_entry_that_there_is() -> None:
    papers = read_papers(CONFIG / "papers.example.toml")
    drone, permit = papers.aircraft["GP-1"], papers.permits[0]
    assert (drone.link, drone.remote_id) == (Link.RADIO, RemoteId.BUILT_IN)
    assert drone.takeoff_mass_kg == pytest.approx(4.3)
    assert permit.kind is PermitKind.SINGLE
    assert permit.from_utc.isoformat() == "2026-11-27T01:00:00+00:00"
    assert len(papers.sha256) == 64
    lacking = [name for name in drone.__slots__ if getattr(drone, name) is None]
    assert not lacking


def test_the_papers_of_an_exercise_say_that_they_are_invented() -> None:
    papers = read_papers(EXERCISE_PAPERS_FILE)
    assert papers.is_exercise
    assert "演练" in (papers.organisation.name or "")
    assert papers_of(None) is None


def test_with_them_the_demos_flight_is_cleared_without_a_warning() -> None:
    made = cleared(
        read_papers(EXERCISE_PAPERS_FILE), plan=a_plan(), pilot="exercise-director", crew=None
    )
    assert not made.is_permit_needed
    assert {one.level for one in made.findings} == {Level.NOTE}


def test_what_is_left_out_is_missing_and_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "papers.toml"
    path.write_text('[[aircraft]]\nname = "GP-1"\n', encoding="utf-8")
    papers = read_papers(path)
    assert papers.organisation.name is None
    assert papers.aircraft["GP-1"].link is None
    assert papers.aircraft["GP-1"].takeoff_mass_kg is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("is_exercise = ", "not TOML"),
        ("licence = 1\n", "licence"),
        ('[[aircraft]]\nname = "GP-1"\nempty_mass_kg = nan\n', "empty_mass_kg"),
        ('[[aircraft]]\nname = "GP-1"\nempty_mass_kg = -1.0\n', "empty_mass_kg"),
        ('[[aircraft]]\nname = "GP-1"\nempty_mass_kg = 0\n', "empty_mass_kg"),
        ('[[aircraft]]\nname = "GP-1"\nmax_takeoff_kg = 0\n', "max_takeoff_kg"),
        ('[[aircraft]]\nname = "GP-1"\nmax_speed_km_h = 0\n', "max_speed_km_h"),
        ('[[aircraft]]\nname = "GP-1"\nlink = "wire"\n', "link"),
        (papers_text(("GP-1", "GP-1")), "two aircraft are called GP-1"),
        (papers_text(permits=(PERMIT, PERMIT)), "two permits are called P-1"),
        (papers_text(permits=(PERMIT | {"to_time": PERMIT["from_time"]},)), "ends before"),
        (papers_text(permits=(PERMIT | {"reasons": ["32"]},)), "reasons"),
        (papers_text(permits=(PERMIT | {"from_time": "2026-11-26T09:00:00"},)), "from_time"),
        (papers_text(permits=(PERMIT | {"to_time": "9999-12-31T23:59:59Z"},)), "to_time"),
        (papers_text(permits=(PERMIT | {"from_time": "0001-01-01T00:00:00+08:00"},)), "from_time"),
        (papers_text(permits=(PERMIT | {"decided_at": "0001-01-01T00:00:00+08:00"},)), "decided"),
        (papers_text(organisation={"certificate_until": "next year"}), "certificate_until"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "papers.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="the papers cannot be used") as told:
        read_papers(path)
    assert word in str(told.value)
    assert "\n" not in str(told.value)
    assert "单位资料无法使用" in told.value.text_zh


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff")
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "picture.toml"):
        with pytest.raises(ConfigError, match="the papers cannot be used"):
            read_papers(path)


def test_another_word_in_the_file_is_another_digest(tmp_path: Path) -> None:
    first = read_papers(write_papers(tmp_path / "a.toml"))
    again = read_papers(write_papers(tmp_path / "b.toml"))
    other = read_papers(write_papers(tmp_path / "c.toml", aircraft={"has_lights": False}))
    assert first.sha256 == again.sha256 != other.sha256


@given(st.binary(max_size=300))
def test_whatever_bytes_it_holds_it_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ConfigError):
        path = Path(folder) / "papers.toml"
        path.write_bytes(content)
        assert read_papers(path).sha256
