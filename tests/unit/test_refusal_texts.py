"""Whatever refuses a person's command says why in both languages."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

import drone
from ground_station.alerts import AlertEvent, AlertState
from ground_station.announcements import AnnouncementEvent, AnnouncementState
from ground_station.casework.citizens import ReportEvent, ReportState
from ground_station.casework.dispatches import DispatchEvent, DispatchState
from ground_station.casework.notices import NoticeEvent, NoticeState
from ground_station.casework.sightings import SightingEvent, SightingState
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.casework.whistles import WhistleEvent, WhistleState
from ground_station.patrol_missions import MissionEvent, MissionState
from ground_station.record_words import NOUNS_ZH, value_zh
from ground_station.shifts.shift import ShiftEvent, ShiftState
from ground_station.transitions import Machine, Step
from ground_station.words.versions import VersionEvent, VersionState
from patrol.cause import Cause, Role
from patrol.command_words import command_zh
from patrol.errors import CommandDenied, LinkLost, NotPermitted, PlanRejected, Refused
from patrol.mode_words import mode_zh
from patrol.role_words import roles_zh
from patrol.telemetry import FlightMode

HOUSE = Path(drone.__file__).parent.parent
DRONE = HOUSE / "drone"
OF_AN_AIRCRAFT = ("mavsdk_", "transport", "roster", "addresses", "guard", "preflight")
# Whoever sits at the console reads these; what is told once at the start is for who starts it.
TO_THE_CONSOLE = (
    "AnnouncementBlocked", "ClearanceRefused", "CommandDenied", "LinkLost", "PlanRejected",
    "PreflightFailed", "Refused", "SpeakerUnreachable", "UnknownGrid", "WordsRejected",
)  # fmt: skip
# The demo's own client, the bench, the commands and what of the store only they call: whoever
# started them reads the answer on a terminal, in English.
ON_A_TERMINAL = (
    "ground_station/bench/", "ground_station/client/", "ground_station/commands/",
    "ground_station/demo_story.py", "ground_station/store/backup.py",
    "ground_station/store/policies.py",
)  # fmt: skip
# What a person of the console meets: each of these is read by the tests below.
AT_THE_CONSOLE = frozenset(
    {"api", "casework", "measuring", "out", "people", "shifts", "store", "words"}
)
CHINESE = range(0x4E00, 0x9FFF)


def test_a_refusal_says_its_command_and_its_reason_in_chinese_too() -> None:
    denied = CommandDenied("take off", "it is in the air", "飞行器已在空中")
    assert (str(denied), denied.text_zh) == ("take off: it is in the air", "起飞：飞行器已在空中")
    assert (denied.reason, denied.reason_zh) == ("it is in the air", "飞行器已在空中")


def test_where_nobody_wrote_the_chinese_sentence_the_english_one_stands() -> None:
    assert LinkLost("gone").text_zh == "gone"
    assert LinkLost("gone", text_zh="失联").text_zh == "失联"
    assert CommandDenied("NAV_DLL_ACT", "TIMEOUT").text_zh == "NAV_DLL_ACT：TIMEOUT"
    assert PlanRejected("no", (), text_zh="不行").text_zh == "不行"
    assert "pilot角色" in NotPermitted("Lin", "pilot").text_zh


def is_chinese(text: str) -> bool:
    return any(ord(letter) in CHINESE for letter in text)


def test_who_may_not_do_something_is_told_in_chinese_who_may() -> None:
    assert NotPermitted("Lin", "REG or PILOT").text_zh == "Lin无权执行：需要登记员或操控员角色"
    assert NotPermitted("nobody", "SYS").text_zh == "未署名者无权执行：需要系统角色"
    # Nothing needs the role of whoever acts under none, so that no refusal ever names it.
    needed = [role for role in Role if role is not Role.NONE]
    assert [role for role in needed if not is_chinese(roles_zh(role.value))] == []
    assert [mode for mode in FlightMode if not is_chinese(mode_zh(mode))] == []


@pytest.mark.parametrize(
    "words",
    [
        AlertState, AlertEvent, AnnouncementState, AnnouncementEvent, CaseState, CaseEvent,
        DispatchState, DispatchEvent, MissionState, MissionEvent, NoticeState, NoticeEvent,
        ReportState, ReportEvent, ShiftState, ShiftEvent, SightingState, SightingEvent,
        VersionState, VersionEvent, WhistleState, WhistleEvent,
    ],
)  # fmt: skip
def test_every_state_and_event_of_a_record_has_a_chinese_word(words: type[enum.Enum]) -> None:
    assert [word for word in words if not is_chinese(value_zh(word))] == []


def test_every_table_of_states_calls_its_record_by_a_chinese_word() -> None:
    nouns = {
        str(call.args[0].value)
        for _, call in calls(at_the_console("ground_station"))
        if isinstance(call.func, ast.Name) and call.func.id == "Machine"
        if isinstance(call.args[0], ast.Constant)
    }
    assert "case" in nouns
    assert nouns == set(NOUNS_ZH)


def refusal(event: AlertEvent, actor: str = "王", *, is_automatic: bool = False) -> Refused:
    step = Step(
        event=AlertEvent.DISMISS, sources=(AlertState.RAISED,), target=AlertState.DISMISSED,
        roles=(Role.OPERATOR,), needs_reason=True,
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        Machine("alert", [step]).step(
            record_id="A-1", state=AlertState.RAISED, event=event, is_exercise=False,
            cause=Cause(actor=actor, role=Role.OPERATOR, is_automatic=is_automatic),
        )  # fmt: skip
    return refused.value


def test_the_table_of_a_record_refuses_in_chinese_and_says_what_is_possible() -> None:
    assert refusal(AlertEvent.FILE).text_zh == "告警A-1为“待确认”，不能立案；现在可以：排除"
    assert refusal(AlertEvent.DISMISS).text_zh == "告警A-1：排除须写明原因"
    assert refusal(AlertEvent.DISMISS, " ").text_zh == "排除告警A-1：缺少人员姓名"
    robot = refusal(AlertEvent.DISMISS, "自动值守", is_automatic=True)
    assert robot.text_zh == "排除告警A-1：自动操作员只能在演练中操作"


def raised() -> Iterator[tuple[str, ast.Call]]:
    of_an_aircraft = (
        path for path in sorted(DRONE.glob("*.py")) if path.name.startswith(OF_AN_AIRCRAFT)
    )
    return calls(of_an_aircraft)


def calls(paths: Iterable[Path]) -> Iterator[tuple[str, ast.Call]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.relative_to(HOUSE)}:{node.lineno}", node


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


@pytest.mark.parametrize("room", ["patrol", "missions", "drone", "ground_station"])
def test_whatever_is_refused_at_the_console_is_refused_in_chinese_too(room: str) -> None:
    sites = refused_at_the_console(room)
    assert sites
    assert [at for at, name, call in sites if not has_chinese(name, call)] == []


def refused_at_the_console(room: str) -> list[tuple[str, str, ast.Call]]:
    """Where the code of a room says no to a person of the console: place, error and call."""
    return [(at, call.func.id, call) for at, call in calls(at_the_console(room))
            if isinstance(call.func, ast.Name) and call.func.id in TO_THE_CONSOLE]  # fmt: skip


def at_the_console(room: str) -> list[Path]:
    return [
        path
        for path in sorted((HOUSE / room).rglob("*.py"))
        if not path.relative_to(HOUSE).as_posix().startswith(ON_A_TERMINAL)
    ]


def test_every_package_of_the_station_is_looked_at_and_each_exception_still_stands() -> None:
    looked_at = {path.parent.name for path in at_the_console("ground_station")}
    assert looked_at >= AT_THE_CONSOLE
    assert [place for place in ON_A_TERMINAL if not (HOUSE / place).exists()] == []


@pytest.mark.parametrize("room", ["patrol", "missions", "drone", "ground_station"])
def test_what_is_refused_in_chinese_is_chinese_and_ends_without_a_full_stop(room: str) -> None:
    words = [(at, constants(keyword.value)) for at, _, call in refused_at_the_console(room)
             for keyword in call.keywords if keyword.arg == "text_zh"]  # fmt: skip
    written = [(at, parts) for at, parts in words if parts]
    assert written
    assert [at for at, parts in written if not is_chinese("".join(parts))] == []
    assert [at for at, parts in written if parts[-1].endswith(("。", "."))] == []


def constants(words: ast.expr) -> list[str]:
    """What the code itself writes of a text; nothing where it only hands one on."""
    parts = words.values if isinstance(words, ast.JoinedStr) else [words]
    return [str(part.value) for part in parts if isinstance(part, ast.Constant)]


def test_every_file_of_a_plan_or_a_register_that_is_wrong_is_refused_in_chinese_too() -> None:
    sites = [(at, call) for at, call in calls(sorted((HOUSE / "missions").glob("*.py")))
             if isinstance(call.func, ast.Name) and call.func.id == "ConfigError"]  # fmt: skip
    assert sites
    assert [at for at, call in sites if not has_chinese("ConfigError", call)] == []


@pytest.mark.parametrize("room", ["missions", "ground_station"])
def test_every_event_that_tells_the_words_of_an_error_tells_them_in_chinese_too(room: str) -> None:
    found = [
        (f"{path.name}:{getattr(node, 'lineno', 0)}", told)
        for path in sorted((HOUSE / room).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (told := told_fields(node)).get("reason") == "str(error)"
    ]
    assert found
    assert [at for at, told in found if "reason_zh" not in told] == []


def told_fields(node: ast.AST) -> dict[str, str]:
    """The fields of an event by name, as the code writes them."""
    match node:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {str(key.value): ast.unparse(value) for key, value in pairs if is_text(key)}
        case ast.Call(func=ast.Attribute(attr="_tell") | ast.Name(id="tell"), keywords=keywords):
            return {word.arg or "": ast.unparse(word.value) for word in keywords}
    return {}


def is_text(node: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant)
