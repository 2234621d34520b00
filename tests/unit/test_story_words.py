"""Whatever the code tells has a sentence: on the terminal, and in both languages of the console."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ground_station
from drone.guard_rules import RULES
from drone.roster import Kind
from ground_station.casework.citizens import ReportEvent
from ground_station.casework.dispatches import DispatchEvent
from ground_station.casework.notices import NoticeEvent
from ground_station.casework.sightings import SightingEvent
from ground_station.casework.states import CaseEvent
from ground_station.casework.whistles import WhistleEvent
from ground_station.story_text import sentence
from patrol.story import StoryEvent
from tests.fakes import START

HOUSE = Path(ground_station.__file__).parent.parent
WORDS = HOUSE / "ground_station/console/src/words"
TELLERS = frozenset({"StoryEvent", "_tell", "tell", "_event", "_publish", "tell_and_record"})
# Names that are put together where they are told.
FORMED = {
    "fleet.": tuple(kind.value for kind in Kind),
    "station.other_": ("command", "upload"),
    "case.": tuple(event.value for event in CaseEvent),
    "dispatch.": tuple(event.value for event in DispatchEvent),
    "notice.": tuple(event.value for event in NoticeEvent),
    "report.": tuple(event.value for event in ReportEvent),
    "sighting.": tuple(event.value for event in SightingEvent),
    "whistle.": tuple(event.value for event in WhistleEvent),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in ("drone", "missions", "ground_station"):
        for path in sorted((HOUSE / room).rglob("*.py")):
            if not {"bench", "node_modules"} & set(path.parts):
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def written(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """The event's names that an expression can stand for."""
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=body, orelse=orelse):
            yield from itertools.chain(written(body, names), written(orelse, names))
        case ast.Name(id=name) if name in names:
            yield from written(names[name], {})
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            yield from (start + end for end in FORMED[start])


def told() -> set[str]:
    found = set()
    for _, tree in sources():
        names = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in ("name", "action")
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            teller = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if teller not in TELLERS:
                continue
            named = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
            for argument in named or node.args[:1]:
                found |= set(written(argument, names))
    return found


def console(language: str) -> dict[str, str]:
    """Each event and what the console's source writes for it."""
    source = (WORDS / f"story{language}.ts").read_text(encoding="utf-8")
    _, _, body = source.partition(f"export const story{language}: StorySentences = {{\n")
    body, _, _ = body.partition("\n};")
    parts = re.split(r'^  "?([a-z_.]+)"?: (?=\()', body, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def table(language: str, name: str) -> dict[str, str]:
    source = (WORDS / f"story{language}.ts").read_text(encoding="utf-8")
    _, _, body = source.partition(f"const {name}: Readonly<Record<string, string>> = {{")
    rows = re.findall(r'(?:"([\w. ]*)"|\b(\w+)): "([^"]*)"', body.partition("};")[0])
    return {quoted or bare: words for quoted, bare, words in rows}


def test_the_names_of_the_told_events_are_found_in_the_code() -> None:
    assert {"airborne", "guardian", "link.lost", "link.back", "link.none", "camera.not_aimed",
            "fleet.stranger", "station.other_upload", "preflight.waits", "announcement.failed",
            "sortie.not_adopted", "stream.stopped", "refused"} <= told()  # fmt: skip


def test_every_told_event_has_a_sentence_on_the_terminal() -> None:
    def is_unknown(name: str) -> bool:
        event = StoryEvent(name=name, time_utc=START, fields={"speed": 1.0}).to_dict()
        return sentence(event).endswith(f"  {name} speed=1.0")

    assert {name for name in told() if is_unknown(name)} == set()


@pytest.mark.parametrize("language", ["Zh", "En"])
def test_every_told_event_has_a_sentence_in_the_console(language: str) -> None:
    assert told() - set(console(language)) == set()


def test_the_consoles_chinese_sentences_are_chinese() -> None:
    # These are told in the words that the station sends with them.
    plain = {name for name, body in console("Zh").items() if not CHINESE.search(body)}
    assert plain == {"gathering.noted", "plan.finding"}


def test_every_rule_of_the_guardian_has_its_words_in_both_languages() -> None:
    assert [row.rule for row in RULES if not row.text or not CHINESE.search(row.text_zh)] == []
    assert {row.rule for row in RULES} - set(table("Zh", "RULES")) == set()
    assert {row.word for row in RULES} == set(table("Zh", "ACTIONS"))


@pytest.mark.parametrize("outcome", ["done", "told", "", None])
def test_a_deed_of_the_guardian_that_was_done_is_told_without_more(outcome: str | None) -> None:
    line = guardian(outcome)
    assert "the wind is too strong" in line
    assert "NOT DONE" not in line


def test_a_deed_of_the_guardian_that_was_refused_does_not_read_like_one_done() -> None:
    assert guardian("return: DENIED").endswith("NOT DONE: return: DENIED")
    assert guardian("in effect").endswith("in effect already")
    for language in ("Zh", "En"):
        assert "OUTCOMES[text(e.outcome)] ??" in console(language)["guardian"]
        assert set(table(language, "OUTCOMES")) == {"", "done", "told", "in effect"}
    assert "text(e.text_zh)" in console("Zh")["guardian"]
    assert "text(e.outcome_zh)" in console("Zh")["guardian"]
    assert "text(e.text)" in console("En")["guardian"]


def guardian(outcome: str | None) -> str:
    fields = {"rule": "wind.strong", "action": "return", "text": "the wind is too strong"}
    event = StoryEvent(name="guardian", time_utc=START, fields=fields | {"outcome": outcome})
    return sentence(event.to_dict())
