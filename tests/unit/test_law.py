"""The law as data: complete, cited, and refused where it does not fit together."""

from __future__ import annotations

import string
from datetime import date
from importlib.resources import files

import pytest

from missions.clearance import CHECKS
from missions.law import AircraftClass, load_law, read_law
from patrol.errors import ConfigError

LAW = load_law()
CHINESE = range(0x4E00, 0x9FFF)


def test_every_rule_has_a_check_and_every_check_a_rule() -> None:
    assert {rule.rule_id for rule in LAW.rules} == set(CHECKS)


def test_every_rule_cites_an_article_and_asks_in_both_languages() -> None:
    for rule in LAW.rules:
        assert rule.article.full, rule.rule_id
        assert rule.article.cite_zh, rule.rule_id
        assert rule.inputs, rule.rule_id
        assert rule.question.endswith("?"), rule.rule_id
        assert any(ord(letter) in CHINESE for letter in rule.question_zh), rule.rule_id


def test_both_languages_of_a_sentence_are_filled_from_the_same_facts() -> None:
    """Of two names such as `{how}` and `{how_en}` each language has its own."""

    def names(text: str) -> set[str]:
        found = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        return {name.removesuffix("_en").removesuffix("_zh") for name in found}

    for rule in LAW.rules:
        for key, said in rule.says.items():
            assert names(said.zh) == names(said.en), (rule.rule_id, key)


def test_it_says_its_version_its_source_and_since_when_it_holds() -> None:
    assert LAW.version
    assert LAW.source.startswith("github:LawRefBook/Laws@")
    assert LAW.in_force["《无人驾驶航空器飞行管理暂行条例》"] == date(2024, 1, 1)


def test_classes_and_contents_of_an_application_are_those_of_the_regulation() -> None:
    assert [limits.kind for limits in LAW.classes] == list(AircraftClass)
    assert len(LAW.sheet) == 13
    assert LAW.sheet[4].zh == "通信联络方法"
    assert LAW.sheet[10].zh == "应急处置程序"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version =", "versio ="),
        ("apply_by = 12:00:00", ""),
        ('id = "MICRO"', 'id = "TINY"'),
        ("[numbers]", "[numbers"),
    ],
)
def test_law_that_does_not_fit_together_is_refused_at_once(old: str, new: str) -> None:
    with pytest.raises(ConfigError, match="the data of the law cannot be used"):
        read_law(text("clearance_law.toml").replace(old, new, 1), text("clearance_rules.toml"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('article = "uav.10"', 'article = "uav.1000"'),
        ('id = "registration"', 'id = "certificate"'),
        ('level = "ok"', 'level = "fine"'),
        ("{unit}，", "{unit，"),
    ],
)
def test_a_rule_without_its_article_or_with_a_torn_sentence_is_refused(old: str, new: str) -> None:
    with pytest.raises(ConfigError):
        read_law(text("clearance_law.toml"), text("clearance_rules.toml").replace(old, new, 1))


def text(name: str) -> str:
    return (files("missions") / "data" / name).read_text(encoding="utf-8")
