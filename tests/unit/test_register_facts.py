"""What a register says beside borders: people, noise, flags, dates, and codes of its own form."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from missions.codes import GridLevel
from missions.grid import AreaFacts, NoiseClass
from patrol.errors import ConfigError
from tests.unit.test_register import CODE, a_body, a_feature, load


def test_what_is_said_of_a_street_holds_for_its_grids_until_they_say_otherwise(
    tmp_path: Path,
) -> None:
    people = [{"name": "王某", "duty": "街道书记", "phone": "13800000000"}]
    street = a_feature(
        "440512001", "street", responsible=people, noise_class="2",
        valid_to="2026-12-31",
    )  # fmt: skip
    own = a_feature(noise_class="4a", tier="MIDDLE")
    register = load(tmp_path, a_body(street, own, valid_from="2026-01-01"))
    facts = register.facts_of(CODE)
    assert facts.noise_class is NoiseClass.ROADSIDE
    assert [(one.name, one.duty) for one in facts.responsible] == [("王某", "街道书记")]
    assert facts.tier == "MIDDLE"
    assert register.facts_of("440512001").tier == "LARGE"
    assert facts.valid_from == date(2026, 1, 1)
    assert register.facts_of("nowhere") == AreaFacts()
    # Whoever sees a map does not see whom to call.
    assert "13800000000" not in json.dumps(register.to_geojson(), ensure_ascii=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise_class": "5"}, {"tier": "HUGE"}, {"responsible": [{"duty": "x"}]},
        {"responsible": "王某"}, {"sensitive_flags": [1]}, {"valid_from": "1.1.2026"},
        {"valid_from": 2026}, {"parent_code": True}, {"code": "", "parent_code": None},
    ],
)  # fmt: skip
def test_what_an_office_cannot_have_meant_is_refused(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="feature 0 .* is no grid"):
        load(tmp_path, a_body(a_feature(**wrong)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"district": 440512}, {"district": "x"}, {"district": "440512", "code_widths": "3"},
        {"district": "440512", "code_widths": [0]}, {"valid_from": "soon"}, {"code_widths": [3]},
    ],
)  # fmt: skip
def test_a_form_of_codes_or_a_date_that_is_none_is_refused(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="register.geojson"):
        load(tmp_path, a_body(**wrong))


def test_codes_of_another_district_and_of_other_widths_are_read(tmp_path: Path) -> None:
    code = "6101130104012"
    body = a_body(a_feature(code), district="610113", code_widths=[2, 2, 3])
    register = load(tmp_path, body)
    assert register.get(code).parent_code == "6101130104"
    assert register.get("610113 01 04 012") is register.get(code)
    with pytest.raises(ConfigError, match="not a grid code"):
        load(tmp_path, a_body(a_feature(CODE), district="610113"))


def test_codes_without_a_form_lie_where_they_say(tmp_path: Path) -> None:
    site = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [116.705, 23.255]},
        "properties": {"level": "site", "code": "学校-1", "overlay": "T", "name_zh": "一小",
                       "grid_code": "JC-7"},
    }  # fmt: skip
    body = a_body(
        a_feature("SQ-1", "community", parent_code=None), a_feature("JC-7", parent_code="SQ-1"),
        site, codes="foreign",
    )  # fmt: skip
    register = load(tmp_path, body)
    assert [area.code for area in register.areas_up("JC-7")] == ["JC-7", "SQ-1"]
    assert register.get("JC-7").level is GridLevel.GRID
    assert register.sites[0].grid_code == "JC-7"
    with pytest.raises(ConfigError, match="is no site"):
        load(tmp_path, body | {"codes": None})


def test_a_special_grid_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    park = {"properties": {"level": "special", "code": "440512T1", "name_zh": "x",
                           "special_type": "PARK"}, "geometry": None}  # fmt: skip
    with pytest.raises(ConfigError, match="feature 1 .* is no special grid"):
        load(tmp_path, a_body(a_feature(), park))
