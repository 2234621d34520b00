"""No file, function or signature grows beyond what one reader holds in the head."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import patrol

HOUSE = Path(patrol.__file__).parent.parent
ROOMS = ("patrol", "drone", "missions", "vision", "ground_station", "sim", "tests")
FILE_LINES_MAX, FUNCTION_LINES_MAX, PARAMETERS_MAX = 400, 40, 8
# One `case` an event: in pieces nobody would see which event writes what.
BY_EVENT = "what each event of a record writes, side by side"
MIGRATION = "one migration is kept as it ran"
STORIES = "tests/stories/"  # each is read from its first sentence to its last
LONG = {
    "ground_station/alerts.py advance": BY_EVENT,
    "ground_station/store/migrations/versions/r0040_people.py upgrade": MIGRATION,
    "ground_station/release_rules.py _budget": "the week's budget, each limit beside the others",
    "tests/wire/test_web_api.py __init__": "the whole station is put together in one place",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    found = [path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))]
    return [path for path in found if "node_modules" not in path.parts]


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Its lines from `def` to its end; what its docstring says costs nothing."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    said = function.body[0]
    assert said.end_lineno is not None
    return lines - (said.end_lineno - said.lineno + 1)


def may_be_long(where: str) -> bool:
    is_story = where.startswith(STORIES) and " test_" in where
    return is_story or where in LONG


def parameters(function: Function) -> int:
    """`self` counts: it too has to be kept in mind."""
    given = function.args
    return len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)


@pytest.mark.parametrize("room", ROOMS)
def test_files_functions_and_signatures_stay_short(room: str) -> None:
    wrong = []
    for path in sources():
        name = path.relative_to(HOUSE).as_posix()
        if not name.startswith(room + "/"):
            continue
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > FILE_LINES_MAX:
            wrong.append(f"{name}: {lines} lines")
        for function in functions(ast.parse(text)):
            where = f"{name} {function.name}"
            if length(function) > FUNCTION_LINES_MAX and not may_be_long(where):
                wrong.append(f"{where}: {length(function)} lines")
            if parameters(function) > PARAMETERS_MAX:
                wrong.append(f"{where}: {parameters(function)} parameters")
    assert wrong == []


def test_the_house_rules_measure_what_they_say() -> None:
    body = "\n".join(["    pass"] * FUNCTION_LINES_MAX)
    said = '    """A line.\n\n    Two more.\n    """'
    function = next(functions(ast.parse(f"def f(self, a, /, b, *, c):\n{said}\n{body}")))
    assert (length(function), parameters(function)) == (FUNCTION_LINES_MAX + 1, 4)


def test_an_exception_is_one_that_is_there() -> None:
    assert [where for where in LONG if not (HOUSE / where.split()[0]).is_file()] == []
