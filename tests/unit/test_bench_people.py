"""How the benchmark scores: tiny pictures and truths made up here."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from patrol.errors import ConfigError
from vision.bench_people import Truth, main, read_truth, score_picture, summed, table
from vision.detectors import Boxes

ONE = (10.0, 10.0, 20.0, 40.0)
OTHER = (60.0, 10.0, 70.0, 40.0)


def found(*rows: tuple[float, ...]) -> Boxes:
    return np.array(rows, dtype=np.float32).reshape(-1, 5)


def truth(kind: str, *people: tuple[float, ...], **changes: object) -> Truth:
    fields: dict[str, object] = {"ignore": (), "view": "street"} | changes
    return Truth(file="a.png", kind=kind, people=people, **fields)  # type: ignore[arg-type]


def hits(about: Truth, boxes: Boxes) -> tuple[int, int]:
    score = score_picture(about, boxes)
    return score.hit_count, score.found_count


def test_a_box_over_a_person_is_a_hit_and_one_beside_is_not() -> None:
    boxes = found((*ONE, 0.9), (30, 10, 40, 40, 0.8))
    assert hits(truth("boxes", ONE, OTHER), boxes) == (1, 2)


def test_two_boxes_over_one_person_are_one_hit() -> None:
    boxes = found((*ONE, 0.9), (11, 11, 21, 41, 0.8))
    assert hits(truth("boxes", ONE), boxes) == (1, 2)


def test_a_box_of_less_than_a_third_overlap_is_no_hit() -> None:
    assert hits(truth("boxes", ONE), found((10, 10, 20, 18, 0.9))) == (0, 1)
    assert hits(truth("boxes", ONE), found((10, 10, 20, 20, 0.9))) == (1, 1)


def test_boxes_under_the_least_score_do_not_count() -> None:
    assert hits(truth("boxes", ONE), found((*ONE, 0.29))) == (0, 0)


def test_boxes_whose_middle_lies_in_an_ignored_part_do_not_count() -> None:
    about = truth("boxes", ONE, ignore=((55.0, 0.0, 75.0, 50.0),))
    assert hits(about, found((*ONE, 0.9), (*OTHER, 0.9))) == (1, 1)


def test_the_best_score_takes_its_person_first() -> None:
    # The weaker box fits the first person better, but the better one has taken it by then.
    near, far = (0.0, 0.0, 10.0, 10.0), (4.0, 0.0, 14.0, 10.0)
    boxes = found((0, 0, 10, 10, 0.4), (1, 0, 11, 10, 0.9))
    assert hits(truth("boxes", near, far), boxes) == (2, 2)
    assert hits(truth("boxes", near), boxes) == (1, 2)


def test_a_head_counts_once_for_a_box_that_holds_it() -> None:
    head = (15.0, 12.0)
    boxes = found((*ONE, 0.9), (12, 8, 22, 38, 0.8))
    assert hits(truth("points", head), boxes) == (1, 2)


def test_a_head_may_stick_out_by_a_fifth_of_the_width_or_three_tenths_of_the_height() -> None:
    box = found((*ONE, 0.9))
    assert hits(truth("points", (8.5, 12.0)), box) == (1, 1)
    assert hits(truth("points", (7.5, 12.0)), box) == (0, 1)
    assert hits(truth("points", (15.0, 1.5)), box) == (1, 1)
    assert hits(truth("points", (15.0, 0.5)), box) == (0, 1)


def test_a_box_takes_the_head_at_its_upper_edge() -> None:
    # A neighbour's head inside the first box is left for the neighbour's own box.
    heads = ((15.0, 12.0), (19.0, 30.0))
    boxes = found((*ONE, 0.9), (14, 28, 24, 58, 0.8))
    assert hits(truth("points", *heads), boxes) == (2, 2)


def test_views_are_summed_over_people_and_boxes_and_not_over_pictures() -> None:
    scores = [
        score_picture(truth("boxes", ONE, OTHER), found((*ONE, 0.9))),
        score_picture(truth("boxes", ONE), found((*ONE, 0.9), (*OTHER, 0.9), (0, 0, 5, 9, 0.9))),
        score_picture(truth("at_most"), found((*ONE, 0.9), (*OTHER, 0.9))),
        score_picture(truth("at_most"), found()),
        score_picture(truth("none"), found((*ONE, 0.9))),
    ]
    street, sparse, unknown = summed(scores)
    assert (street.group, street.pictures) == ("street", 2)
    assert (street.recall, street.precision) == (0.667, 0.5)
    assert street.count_error == 1.5
    assert (sparse.group, sparse.most_found, sparse.recall) == ("sparse", 2, None)
    assert (unknown.group, unknown.precision) == ("no truth", None)
    assert table([street, sparse]).splitlines()[2].split()[:4] == ["sparse", "2", "-", "-"]


def test_a_folder_is_scored_with_the_shipped_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((96, 128, 3), 120, np.uint8))
    record = {"file": "grey.png", "view": "v", "truth": "at_most", "people": [], "ignore": []}
    (tmp_path / "truth.json").write_text(json.dumps([record]), encoding="utf-8")
    assert main([str(tmp_path), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["views"][0]["group"] == "sparse"
    assert body["files"][0]["found_count"] == 0


def test_a_missing_folder_is_told_in_one_sentence_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "away")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("there is no such folder")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "no truth.json"), ("{", "cannot be read"), ('[{"file": "a"}]', "cannot be read")],
)
def test_a_truth_that_cannot_be_read_is_a_config_error(
    tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "truth.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        read_truth(tmp_path)


def test_a_picture_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"file": "away.png", "view": "v", "truth": "none", "people": [], "ignore": []}
    (tmp_path / "truth.json").write_text(json.dumps([record]), encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    assert "away.png" in capsys.readouterr().err
