"""Whatever refuses a command of a pilot says why in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import drone
from patrol.command_words import command_zh
from patrol.errors import CommandDenied, LinkLost, NotPermitted, PlanRejected

DRONE = Path(drone.__file__).parent
OF_AN_AIRCRAFT = ("mavsdk_", "transport", "roster", "addresses", "guard", "preflight")


def test_a_refusal_says_its_command_and_its_reason_in_chinese_too() -> None:
    denied = CommandDenied("take off", "it is in the air", "飞行器已在空中")
    assert (str(denied), denied.text_zh) == ("take off: it is in the air", "起飞：飞行器已在空中")
    assert (denied.reason, denied.reason_zh) == ("it is in the air", "飞行器已在空中")


def test_where_nobody_wrote_the_chinese_sentence_the_english_one_stands() -> None:
    assert LinkLost("gone").text_zh == "gone"
    assert LinkLost("gone", text_zh="失联").text_zh == "失联"
    assert CommandDenied("NAV_DLL_ACT", "TIMEOUT").text_zh == "NAV_DLL_ACT：TIMEOUT"
    assert PlanRejected("no", (), text_zh="不行").text_zh == "不行"
    assert "角色pilot" in NotPermitted("Lin", "pilot").text_zh


def raised() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(DRONE.glob("*.py")):
        if not path.name.startswith(OF_AN_AIRCRAFT):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.name}:{node.lineno}", node


def has_chinese(name: str, call: ast.Call) -> bool:
    words = {keyword.arg for keyword in call.keywords}
    if name == "CommandDenied":
        return len(call.args) > 2 or bool(words & {"reason_zh"}) or any(
            isinstance(argument, ast.Starred) for argument in call.args
        )  # fmt: skip
    return "text_zh" in words


@pytest.mark.parametrize("name", ["CommandDenied", "LinkLost", "ConfigError"])
def test_every_refusal_of_an_aircraft_has_a_chinese_reason_where_it_is_raised(name: str) -> None:
    sites = [(at, call) for at, call in raised()
             if isinstance(call.func, ast.Name) and call.func.id == name]  # fmt: skip
    assert sites
    assert [at for at, call in sites if not has_chinese(name, call)] == []


def test_every_command_that_is_refused_by_its_name_has_a_chinese_name() -> None:
    names = {
        str(argument.value)
        for _, call in raised()
        if isinstance(call.func, ast.Name) and call.func.id == "CommandDenied"
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant)
    }
    assert names
    assert {name for name in names if command_zh(name) == name} == set()
