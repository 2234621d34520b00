"""Scores the counter on pictures with known people: `python -m vision.bench_people FOLDER`.

The folder holds pictures and `truth.json`, a list of what is in each. Nothing of it is shipped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from patrol.errors import ConfigError
from vision.detectors import MIN_SCORE, Boxes, Detector, load_detector
from vision.unposed import count_picture
from vision.video import read_picture

_SAME_IOU = 0.3
_HEAD_MARGIN = (0.2, 0.3)  # of a box's width and height: heads stick out of boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One picture and what is known of it."""

    file: str
    view: str
    kind: str  # "boxes", "points", "at_most" (few or nobody) or "none" (not known)
    people: tuple[tuple[float, ...], ...]
    ignore: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One picture scored. `hit_count` people of `people_count` were among `found_count` boxes."""

    file: str
    group: str
    kind: str
    people_count: int
    found_count: int
    hit_count: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The pictures of one view together; None where it cannot be said."""

    group: str
    pictures: int
    recall: float | None
    precision: float | None
    count_error: float | None  # mean of |found - people|
    most_found: int
    mean_s: float  # a picture


def read_truth(folder: Path) -> list[Truth]:
    """The folder's `truth.json`; ConfigError says what is wrong with it."""
    path = folder / "truth.json"
    if not folder.is_dir():
        raise ConfigError(f"there is no such folder: {folder}")
    if not path.is_file():
        raise ConfigError(f"there is no truth.json in the folder {folder}")
    try:
        return [
            Truth(
                file=str(record["file"]),
                view=str(record["view"]),
                kind=str(record["truth"]),
                people=tuple(tuple(map(float, person)) for person in record["people"]),
                ignore=tuple(tuple(map(float, part)) for part in record["ignore"]),
            )
            for record in json.loads(path.read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read: {error!r}") from error


def score_picture(truth: Truth, boxes: Boxes, seconds: float = 0.0) -> Score:
    """Compare found boxes with the people of one picture, best score first."""
    boxes = boxes[boxes[:, 4] >= MIN_SCORE]
    boxes = _outside(boxes[np.argsort(-boxes[:, 4], kind="stable")], truth.ignore)
    people = np.array(truth.people, dtype=np.float64)
    cost = {"boxes": _unlike, "points": _head_distance}.get(truth.kind)
    hits = _one_to_one(cost(box, people) for box in boxes) if cost and len(people) else 0
    group = {"at_most": "sparse", "none": "no truth"}.get(truth.kind, truth.view)
    return Score(
        file=truth.file, group=group, kind=truth.kind, people_count=len(people),
        found_count=len(boxes), hit_count=hits, seconds=seconds,
    )  # fmt: skip


def _outside(boxes: Boxes, ignore: Sequence[Sequence[float]]) -> Boxes:
    middles = (boxes[:, :2] + boxes[:, 2:4]) / 2.0
    kept = np.ones(len(boxes), dtype=bool)
    for x_min, y_min, x_max, y_max in ignore:
        inside = (middles >= (x_min, y_min)) & (middles <= (x_max, y_max))
        kept &= ~inside.all(axis=1)
    return boxes[kept]


def _unlike(box: Boxes, people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Less for more intersection over union; inf where that is too little for the same person."""
    apart = np.minimum(box[2:4], people[:, 2:4]) - np.maximum(box[:2], people[:, :2])
    common = np.prod(np.clip(apart, 0.0, None), axis=1)
    areas = np.prod(people[:, 2:4] - people[:, :2], axis=1)
    share = common / (np.prod(box[2:4] - box[:2]) + areas - common)
    return np.where(share >= _SAME_IOU, -share, np.inf)


def _head_distance(box: Boxes, heads: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the middle of the box's upper edge; inf for heads that the box does not hold."""
    margin = (box[2:4] - box[:2]) * _HEAD_MARGIN
    held = (heads >= box[:2] - margin) & (heads <= box[2:4] + margin)
    away = np.hypot(heads[:, 0] - (box[0] + box[2]) / 2.0, heads[:, 1] - box[1])
    return np.where(held.all(axis=1), away, np.inf)


def _one_to_one(costs: Iterable[NDArray[np.float64]]) -> int:
    """How many boxes find a person that no better box has taken; inf is nobody."""
    taken: set[int] = set()
    for cost in costs:
        order = (int(i) for i in np.argsort(cost) if np.isfinite(cost[i]))
        person = next((i for i in order if i not in taken), None)
        if person is not None:
            taken.add(person)
    return len(taken)


def summed(scores: Iterable[Score]) -> list[Row]:
    """One row a view, in the order in which the views come."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.group].append(score)
    return [_row(group, of_group) for group, of_group in groups.items()]


def _row(group: str, scores: Sequence[Score]) -> Row:
    people, found = sum(s.people_count for s in scores), sum(s.found_count for s in scores)
    hits, is_known = sum(s.hit_count for s in scores), scores[0].kind in ("boxes", "points")
    error = sum(abs(s.found_count - s.people_count) for s in scores) / len(scores)
    return Row(
        group=group, pictures=len(scores),
        recall=round(hits / people, 3) if is_known and people else None,
        precision=round(hits / found, 3) if is_known and found else None,
        count_error=round(error, 1) if is_known else None,
        most_found=max(s.found_count for s in scores),
        mean_s=round(sum(s.seconds for s in scores) / len(scores), 2),
    )  # fmt: skip


def bench(folder: Path, detector: Detector) -> list[Score]:
    """Look at every picture of the folder; ConfigError when one is missing or none."""
    scores = []
    for truth in read_truth(folder):
        image = read_picture(folder / truth.file)
        begun_s = time.monotonic()
        boxes = count_picture(detector, image).boxes
        scores.append(score_picture(truth, boxes, time.monotonic() - begun_s))
    return scores


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    head = ("view", "pictures", "recall", "precision", "count error", "most found", "s/picture")
    lines = [head, *map(astuple, rows)]
    cells = [["-" if cell is None else str(cell) for cell in line] for line in lines]
    return "\n".join(f"{a:<24}" + "".join(f"{cell:>13}" for cell in rest) for a, *rest in cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 with one sentence when the folder or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m vision.bench_people", description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures and truth.json")
    parser.add_argument("--model", type=Path, help="an ONNX model instead of the shipped one")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        scores = bench(options.folder, load_detector(options.model, threads=2))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    rows = summed(scores)
    body = {"views": [asdict(row) for row in rows], "files": [asdict(score) for score in scores]}
    sys.stdout.write((json.dumps(body, indent=1) if options.as_json else table(rows)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
