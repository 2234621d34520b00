"""The scenario files that are shipped, their schema's page, and files that are wrong."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.errors import ConfigError
from sim.scenario import FORMS, RESPONSES, Scenario, load_scenario, scenario_from_dict
from sim.world import make_world

FOLDER = Path(__file__).parents[2] / "config" / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))
BODY: dict[str, Any] = json.loads((FOLDER / "queue.json").read_text(encoding="utf-8")) | {
    "weather": {
        "light": "night", "visibility_m": 900.0, "rain_mm_h": 3.0, "wind_m_s": 2.0,
        "wind_from_true_deg": 90.0, "ambient_dba": 50.0, "gust_m_s": 0.5,
    },
    "hills": [{"place": [116.63, 23.26], "height_m": 20.0, "width_m": 50.0}],
    "passers_by_place": [116.6286742, 23.2562003],
}  # fmt: skip


def read(name: str) -> Scenario:
    return load_scenario(FOLDER / f"{name}.json")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_shipped_scenario_is_read_and_makes_the_same_world_twice(path: Path) -> None:
    scenario = load_scenario(path)
    assert make_world(scenario, 4) == make_world(scenario, 4)
    assert make_world(replace(scenario, walkers_count=8), 4) != make_world(scenario, 5)
    assert f"`{path.name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_is_a_scenario_of_each_kind() -> None:
    assert {path.stem for path in FILES} >= {
        "disperses", "stubborn", "empty", "queue", "growing", "night", "rain", "haze", "wind",
    }  # fmt: skip
    assert read("empty").gathering is None
    assert read("night").weather.is_night
    assert read("rain").weather.rain_mm_h > 0.0
    assert read("haze").weather.visibility_m < 1000.0
    assert read("wind").weather.gust_m_s > 0.0
    assert read("wind").hills[0].height_m > 0.0
    assert read("growing").camera.lens.height_px == 1080


def test_the_page_tells_every_field_and_word() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_0-9]+)`", page))

    def names(body: dict[str, Any]) -> set[str]:
        inner = (names(value) for value in body.values() if isinstance(value, dict))
        return set(body).union(*inner)

    hill = set(BODY["hills"][0])
    assert hill | names(BODY) | set(FORMS) | set(RESPONSES) | {"day", "night", "over_s"} <= told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weather": {"visibility_m": 5}}, "weather.visibility_m: 5 is not between 20 and"),
        ({"weather": {"light": "dusk"}}, "weather.light: one of day, night"),
        ({"weather": {"wind_from_true_deg": -1}}, "weather.wind_from_true_deg"),
        ({"weather": {"snow": 1}}, "weather.snow is not a field"),
        ({"weather": {"gust_m_s": 99}}, "weather.gust_m_s: 99 is not between"),
        ({"hills": [{"place": [0, 0], "height_m": 1}]}, "hills[0].width_m is missing"),
        ({"hills": 3}, "hills: a list of up to 100 hills is wanted"),
        ({"weather": []}, "weather is not a JSON object"),
        ({"weather": None}, "weather is not a JSON object"),
        ({"camera": {"latency_s": -0.1}}, "camera.latency_s"),
        ({"camera": {"noise_levels": math.nan}}, "camera.noise_levels"),
        ({"walkers": 10**400}, "walkers"),
        ({"home_elevation_amsl_m": 10**400}, "home_elevation_amsl_m"),
        ({"start_utc": "0001-01-01T00:00:00+14:00"}, "start_utc"),
        ({"gathering": {"place": [116.6, 23.2], "form": "heap"}}, "gathering.form: one of ring"),
        ({"gathering": {"place": [116.6, 23.2], "service_s": 9}}, "gathering.service_s: a ring"),
        (
            {"gathering": {"place": [116.6, 23.2], "growth": {"people": 3, "over_s": 60}}},
            "gathering.growth: a ring does not grow",
        ),
        (
            {"gathering": {"place": [116.6, 23.2], "form": "throng", "growth": {"people": 3}}},
            "gathering.growth.over_s is missing",
        ),
        (
            {"gathering": {"place": [116.6, 23.2], "people": 150, "form": "throng",
                           "growth": {"people": 51, "over_s": 60}}},
            "more than 200 people in all",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_sentence_that_names_the_field(
    change: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        scenario_from_dict(BODY | change)
    assert "\n" not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def complaint(body: object) -> str | None:
    """What is said against a scenario; None where its world can be made."""
    try:
        make_world(scenario_from_dict(body), 1)
    except ConfigError as error:
        return str(error)
    return None


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_field_of_any_value_is_read_or_refused_by_name_and_nothing_else(
    data: st.DataObject,
) -> None:
    body = json.loads(json.dumps(BODY))
    parts = [body] + [value for value in body.values() if isinstance(value, dict)]
    part = data.draw(st.sampled_from(parts))
    name = data.draw(st.sampled_from(sorted(part)))
    part[name] = data.draw(anything)
    said = complaint(body)
    assert said is None or name in said or "gathering." in said


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"", b"[1, 2]"])
def test_a_file_that_is_no_json_object_is_told_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.json: (not JSON|the scenario is not)") as caught:
        load_scenario(path)
    assert "\n" not in str(caught.value)
