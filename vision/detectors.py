"""Finds people in a picture with an ONNX model on the CPU. It knows no cameras, no places."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from patrol.errors import ConfigError

Image = NDArray[np.uint8]  # H x W x 3, BGR
Boxes = NDArray[np.float32]  # N x 5: x_min, y_min, x_max, y_max in px, score

MIN_SCORE = 0.30  # DOMAIN 4.3 validity
_SAME_BOX_IOU = 0.5
# NanoDet-g 416 (FACTS of its conversion are in models/NOTICE.md): BGR, mean and deviation.
_NANODET_MEAN = np.array((103.53, 116.28, 123.675), dtype=np.float32)
_NANODET_STD = np.array((57.375, 57.12, 58.395), dtype=np.float32)
_NANODET_STRIDES = (8, 16, 32)
_NANODET_BINS = 11
# onnxruntime's own errors have no base class but Exception.
_UNREADABLE = (
    RuntimeError, ValueError, OSError, ort_errors.EPFail, ort_errors.Fail,
    ort_errors.InvalidArgument, ort_errors.InvalidGraph, ort_errors.InvalidProtobuf,
    ort_errors.NoModel, ort_errors.NoSuchFile, ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)  # fmt: skip
_MODEL_NAME = "nanodet_416.onnx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One person in a picture."""

    box_px: tuple[float, float, float, float]
    confidence: float
    label: str = "person"


class Detector(Protocol):
    """Anything that finds people; `stride` is what a picture's sides must be a multiple of."""

    @property
    def input_px(self) -> tuple[int, int] | None:
        """Width and height that the model insists on; None when any multiple of 32 will do."""
        ...

    def detect(self, image: Image) -> Boxes:
        """People in one picture, in its pixels, scores of MIN_SCORE and more."""
        ...


def no_boxes() -> Boxes:
    """Nobody."""
    return np.empty((0, 5), dtype=np.float32)


def suppress(boxes: Boxes, iou: float = _SAME_BOX_IOU) -> Boxes:
    """Keep the best of boxes that overlap (intersection over union), best score first."""
    if not len(boxes):
        return boxes
    sides = boxes[:, :4].copy()
    sides[:, 2:] -= sides[:, :2]
    kept = cv2.dnn.NMSBoxes(sides.tolist(), boxes[:, 4].tolist(), 0.0, iou)
    return boxes[np.asarray(kept, dtype=np.intp).ravel()]


def merge(boxes: Boxes, share: float = 0.65) -> Boxes:
    """Keep the best of boxes found twice: intersection over the smaller of both areas."""
    order = np.argsort(-boxes[:, 4], kind="stable")
    boxes = boxes[order]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for row in range(len(boxes)):
        if kept:
            others = boxes[kept]
            low = np.maximum(boxes[row, :2], others[:, :2])
            high = np.minimum(boxes[row, 2:4], others[:, 2:4])
            common = np.prod(np.clip(high - low, 0.0, None), axis=1)
            if (common > share * np.minimum(areas[row], areas[kept])).any():
                continue
        kept.append(row)
    return boxes[kept]


def session_of(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Load a model; ConfigError when the file is missing or no ONNX model."""
    if not path.is_file():
        raise ConfigError(f"the model cannot be read: {path} (no such file)")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait take the cores that the camera and the link need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _UNREADABLE as error:
        raise ConfigError(f"not an ONNX model: {path}") from error


class NanoDet:
    """NanoDet: three strides of class scores and box distributions; any multiple of 32 in size."""

    input_px: tuple[int, int] | None = None

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        shape = session.get_inputs()[0].shape
        if all(isinstance(side, int) for side in shape[2:]):
            self.input_px = (int(shape[3]), int(shape[2]))

    def detect(self, image: Image) -> Boxes:
        """Pad to multiples of 32 with the mean grey, run, decode, suppress."""
        height, width = image.shape[:2]
        padded = (-(-width // 32) * 32, -(-height // 32) * 32)
        columns, rows = self.input_px or padded
        canvas = np.zeros((rows, columns, 3), dtype=np.float32)
        canvas[:height, :width] = (image - _NANODET_MEAN) / _NANODET_STD
        outputs = self._session.run(
            None, {self._input: np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])}
        )
        parts = [
            self._decode(stride, scores[0], sides[0], canvas.shape[1] // stride)
            for stride, scores, sides in zip(
                _NANODET_STRIDES, outputs[:3], outputs[3:], strict=True
            )
        ]
        boxes = suppress(np.concatenate(parts))
        boxes[:, [0, 2]] = boxes[:, [0, 2]].clip(0, width)
        boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, height)
        return boxes

    @staticmethod
    def _decode(
        stride: int, scores: NDArray[np.float32], sides: NDArray[np.float32], columns: int
    ) -> Boxes:
        """Each side is the expectation of a distribution over eleven steps of the stride."""
        kept = np.flatnonzero(scores[:, 0] >= MIN_SCORE)
        row, column = np.divmod(kept, columns)
        spread = sides[kept].reshape(-1, 4, _NANODET_BINS)
        spread = np.exp(spread - spread.max(axis=-1, keepdims=True))
        spread /= spread.sum(axis=-1, keepdims=True)
        left_top_right_bottom = spread @ np.arange(_NANODET_BINS, dtype=np.float32) * stride
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        return np.stack(
            (
                x - left_top_right_bottom[:, 0],
                y - left_top_right_bottom[:, 1],
                x + left_top_right_bottom[:, 2],
                y + left_top_right_bottom[:, 3],
                scores[kept, 0],
            ),
            axis=1,
        ).astype(np.float32)


class Yolo:
    """YOLOv5 (N x (5 + classes)) and YOLOv8/v11 ((4 + classes) x N); class 0 is a person."""

    def __init__(self, session: onnxruntime.InferenceSession, *, has_objectness: bool) -> None:
        self._session = session
        self._has_objectness = has_objectness
        entry = session.get_inputs()[0]
        self._input = entry.name
        height, width = (side if isinstance(side, int) else 640 for side in entry.shape[2:])
        self.input_px: tuple[int, int] | None = (width, height)

    def detect(self, image: Image) -> Boxes:
        """Letterbox into the model's size, run, decode, suppress."""
        assert self.input_px is not None  # noqa: S101  # set in __init__
        width, height = self.input_px
        scale = min(width / image.shape[1], height / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        canvas = np.full((height, width, 3), 114, dtype=np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small[:height, :width]
        blob = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255.0
        rows = self._session.run(None, {self._input: np.ascontiguousarray(blob)})[0][0]
        if not self._has_objectness:
            rows = rows.T
        scores = rows[:, 5] * rows[:, 4] if self._has_objectness else rows[:, 4]
        rows, scores = rows[scores >= MIN_SCORE], scores[scores >= MIN_SCORE]
        half_w, half_h = rows[:, 2] / 2, rows[:, 3] / 2
        boxes = np.stack(
            (
                rows[:, 0] - half_w, rows[:, 1] - half_h, rows[:, 0] + half_w, rows[:, 1] + half_h,
                scores * scale,
            ),
            axis=1,
        ) / scale  # fmt: skip
        return suppress(boxes.astype(np.float32))


def load_detector(path: Path | None = None, *, threads: int = 1) -> Detector:
    """The shipped NanoDet, or the user's own model; ConfigError when its shape is not known."""
    if path is None:
        with as_file(files("vision") / "models" / _MODEL_NAME) as shipped:
            return NanoDet(session_of(shipped, threads))
    session = session_of(path, threads)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shapes = [output.shape for output in outputs]
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[1] != 3:
        raise _wrong_shape(path, inputs, shapes)
    if len(outputs) == 6 and all(len(shape) == 3 for shape in shapes):
        if all(shape[2] == 4 * _NANODET_BINS for shape in shapes[3:]):
            return NanoDet(session)
    if len(shapes[0]) == 3 and inputs[0].type == "tensor(float)":
        rows, columns = shapes[0][1], shapes[0][2]
        if (
            isinstance(columns, int)
            and columns >= 6
            and (not isinstance(rows, int) or rows > columns)
        ):
            return Yolo(session, has_objectness=True)
        if isinstance(rows, int) and rows >= 5:
            return Yolo(session, has_objectness=False)
    raise _wrong_shape(path, inputs, shapes)


def _wrong_shape(path: Path, inputs: Any, shapes: list[Any]) -> ConfigError:  # noqa: ANN401
    return ConfigError(
        f"a model of the wrong shape: {path} takes {[entry.shape for entry in inputs]} and gives "
        f"{shapes}; known are NanoDet (6 outputs), YOLOv5 (1 x N x 5+classes) and YOLOv8/v11 "
        "(1 x 4+classes x N), with class 0 a person and a float picture 1 x 3 x H x W"
    )
