"""`gridpatrol clear` from outside: words, exit codes and the sheet."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.papers import write_papers
from tests.wire.test_plan_command import GRID, is_one_sentence, run

AT = "2099-06-01T10:00+08:00"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plan") / "plan.json"
    assert run("plan", "--grid", GRID, "--out", out).returncode == 0
    return out


def test_a_plan_with_its_papers_is_cleared_and_told_in_both_languages(
    plan: Path, tmp_path: Path
) -> None:
    papers = write_papers(tmp_path / "papers.toml", names=("GP-1",))
    sheet = tmp_path / "sheet.pdf"
    ended = run("clear", plan, "--papers", papers, "--at", AT, "--application", sheet)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "cleared 可以放行 (exercise 演练)" in ended.stdout
    assert "是否飞越集会人群上空？否" in ended.stdout
    assert "《无人驾驶航空器飞行管理暂行条例》第三十一条第二款第三项" in ended.stdout
    assert "by 2099-05-31 12:00 apply for the flight 提出飞行活动申请" in ended.stdout
    assert sheet.read_bytes().startswith(b"%PDF-")


def test_what_is_forbidden_ends_with_1_names_its_article_and_still_writes_the_sheet(
    plan: Path, tmp_path: Path
) -> None:
    papers = write_papers(
        tmp_path / "papers.toml", names=("GP-1",), aircraft={"link": "public-network"}
    )
    sheet = tmp_path / "sheet.csv"
    ended = run("clear", plan, "--papers", papers, "--at", AT, "--application", sheet)
    assert ended.returncode == 1
    assert "条例第31条第2款(一)：需飞行活动申请，截止前一日12:00" in ended.stdout
    assert "not cleared 不予放行" in ended.stdout
    rows = list(csv.reader(sheet.read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["演练 EXERCISE"]
    told = run("clear", plan, "--papers", papers, "--at", AT, "--json")
    body = json.loads(told.stdout)
    assert (told.returncode, body["is_cleared"], body["is_permit_needed"]) == (1, False, True)


def test_what_cannot_be_used_is_one_sentence_and_ends_with_2(plan: Path, tmp_path: Path) -> None:
    papers = write_papers(tmp_path / "papers.toml", names=("GP-1",))
    two = write_papers(tmp_path / "two.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[[aircraft]\n", encoding="utf-8")
    for wrong in (
        ("--papers", tmp_path / "none.toml"), ("--papers", broken), ("--papers", two),
        ("--papers", papers, "--at", "9999-12-31T23:59:59Z"),
        ("--papers", papers, "--at", "9999-12-31T23:59:59-08:00"),
        ("--papers", papers, "--at", "tomorrow"), ("--papers", papers, "--at", "2099-06-01T10:00"),
        ("--papers", papers, "--application", "sheet.doc"),
        ("--papers", papers, "--application", tmp_path / "none" / "sheet.csv"),
        ("--papers", papers, "--airspace", broken), ("--papers", papers, "--pilot", "nobody"),
    ):  # fmt: skip
        ended = run("clear", plan, *wrong)
        assert ended.returncode == 2, wrong
        assert is_one_sentence(ended), ended.stderr
    assert run("clear", papers, "--papers", papers).returncode == 2


def test_a_wrong_entry_of_the_papers_is_told_in_plain_words(plan: Path, tmp_path: Path) -> None:
    papers = tmp_path / "papers.toml"
    papers.write_text('colour = "red"\n[[aircraft]]\nempty_mass_kg = -1\n', encoding="utf-8")
    ended = run("clear", plan, "--papers", papers)
    assert ended.returncode == 2
    assert is_one_sentence(ended), ended.stderr
    for words in (
        "colour: there is no such entry", "colour：没有这一条目", "aircraft.0.name: it is missing",
        "aircraft.0.name：未写明", "aircraft.0.empty_mass_kg：取值过小",
    ):  # fmt: skip
        assert words in ended.stderr


def test_a_plan_for_other_programs_is_told_the_way_to_one_of_ours(tmp_path: Path) -> None:
    papers = write_papers(tmp_path / "papers.toml", names=("GP-1",))
    other = tmp_path / "route.plan"
    assert run("plan", "--grid", GRID, "--out", other).returncode == 0
    ended = run("clear", other, "--papers", papers)
    assert ended.returncode == 2
    assert is_one_sentence(ended), ended.stderr
    assert "gridpatrol plan --from route.plan --out plan.json" in ended.stderr
    assert "供其他软件使用的计划" in ended.stderr
