"""The eye's process (`python -m vision.eye`): camera in, looks and untouched video out, on pipes.

It writes nothing to a disk, and no pixels anywhere but to its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from typing import IO, Any

import cv2

from patrol.camera import CameraLens
from patrol.errors import VideoLost
from patrol.sighting import Look
from vision.detectors import Detector, load_detector
from vision.eye_messages import (
    JSON_KIND,
    Picture,
    Unframer,
    VideoPacket,
    framed_json,
    framed_packet,
    framed_picture,
    look_to_dict,
    pose_from_dict,
)
from vision.eye_outlet import Outlet
from vision.looking import Seen, Validity, boxes_in, nothing, placed, why_not
from vision.placing import CameraPose, PoseHistory
from vision.standstill import Standstill
from vision.video import Frame, Packet, StreamSource

_READ_BYTES = 1 << 16
_FRAME_WITHIN_S = 1.0
_RETRY_S = (0.5, 1.0, 2.0, 5.0)  # back-off of a lost camera, then the last for ever
_POSE_WITHIN_S = 0.25  # wall; a little patience for the pose after the capture
_PICTURE_EVERY_S = 0.25
_FRAME_PERIOD_S = 0.1  # cameras here give ten pictures a second
_WANTED_FOR_S = 5.0  # a picture is asked for again and again by whoever looks


class Eye:
    """One camera's eye. Threads: one each reads the parent, reads the camera, looks, writes."""

    def __init__(self, out: IO[bytes], detector: Detector) -> None:
        self._outlet = Outlet(out)
        self._detector = detector
        self._poses = PoseHistory()
        self._poses_changed = threading.Condition()
        self._source: StreamSource | None = None
        self._camera_id = ""
        self._lens = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
        self._validity = Validity()
        self._standstill = Standstill()
        self._is_over = threading.Event()
        self._pictures_until_s = 0.0

    def run(self, inlet: int) -> None:
        """Obey the parent until its pipe ends."""
        unframer = Unframer()
        self._outlet.start()
        while data := os.read(inlet, _READ_BYTES):
            for kind, payload in unframer.feed(data):
                if kind == JSON_KIND:
                    self._obey(json.loads(payload))
        self._is_over.set()
        if self._source is not None:
            self._source.close()

    def _obey(self, body: dict[str, Any]) -> None:
        if body["type"] == "pose":
            with self._poses_changed:
                self._poses.add(pose_from_dict(body))
                self._poses_changed.notify_all()
        elif body["type"] == "pictures":
            wanted_s = _WANTED_FOR_S if body["is_wanted"] else 0.0
            self._pictures_until_s = time.monotonic() + wanted_s
        elif body["type"] == "open" and self._source is None:
            self._camera_id, self._lens = body["camera_id"], CameraLens(**body["lens"])
            self._source = StreamSource(
                body["url"], latency_s=body["latency_s"], on_packet=self._pass_on
            )
            threading.Thread(target=self._film, args=(self._source,), daemon=True).start()
            threading.Thread(target=self._look_on, args=(self._source,), daemon=True).start()

    def _pass_on(self, packet: Packet) -> None:
        self._outlet.video(
            framed_packet(
                VideoPacket(
                    captured_at_s=packet.captured_at_s, is_key=packet.is_key, data=packet.data
                )
            ),
            is_key=packet.is_key,
        )

    def _film(self, source: StreamSource) -> None:
        """Read the camera for ever; one line when it is lost, one when it is back."""
        tries, is_told = 0, False
        while not self._is_over.is_set():
            opened_s = time.monotonic()
            try:
                source.run()
            except VideoLost as error:
                if time.monotonic() - opened_s > 10.0:
                    tries, is_told = 0, False
                if not is_told:
                    self._say({"type": "video", "state": "lost", "text": str(error)})
                    is_told = True
            self._is_over.wait(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1

    def _look_on(self, source: StreamSource) -> None:
        sequence, is_open, rate_hz = 0, False, 0.0
        picture_s = 0.0
        while not self._is_over.is_set():
            frame = source.newest(sequence, _FRAME_WITHIN_S)
            if frame is None:
                is_open = False
                continue
            if not is_open:
                is_open = True
                self._say({"type": "video", "state": "open", "text": source.codec})
            skipped = max(0, frame.sequence - sequence - 1) if sequence else 0
            sequence = frame.sequence
            begun_s = time.monotonic()
            seen, pose = self._see(frame)
            now_s = time.monotonic()
            if seen.footprint:  # a refused frame is quick and says nothing of the eye's pace
                rate_hz = _smoothed(rate_hz, 1.0 / max(now_s - begun_s, _FRAME_PERIOD_S))
            self._say(self._look(frame, seen, pose, skipped, rate_hz))
            if now_s < self._pictures_until_s and now_s - picture_s >= _PICTURE_EVERY_S:
                picture_s = now_s
                self._show(frame)

    def _see(self, frame: Frame) -> tuple[Seen, CameraPose | None]:
        """Detect with the pose as it is known, place with the pose once it is known better."""
        image = frame.image
        if image.shape[1] != self._lens.width_px or image.shape[0] != self._lens.height_px:
            size = f"{image.shape[1]}x{image.shape[0]}"
            return nothing(f"the picture is {size}, not what the settings say"), None
        pose = self._pose_at(frame.captured_at_s)
        still = self._standstill.reason(image, pose) if pose else ""
        reason = why_not(pose, image, self._validity) or still
        if reason or pose is None:
            return nothing(reason), pose
        boxes = boxes_in(self._detector, image, pose, self._lens, self._validity)
        pose = self._pose_at(frame.captured_at_s) or pose
        return placed(boxes, pose, self._lens, self._validity), pose

    def _pose_at(self, moment_s: float) -> CameraPose | None:
        with self._poses_changed:
            self._poses_changed.wait_for(
                lambda: (self._poses.newest_at_s() or 0.0) >= moment_s, _POSE_WITHIN_S
            )
            return self._poses.at(moment_s)

    def _look(
        self, frame: Frame, seen: Seen, pose: CameraPose | None, skipped: int, rate_hz: float
    ) -> dict[str, Any]:
        look = Look(
            camera_id=self._camera_id,
            sequence=frame.sequence,
            captured_utc=pose.time_utc if pose else datetime.now(UTC),
            captured_at_s=frame.captured_at_s,
            is_valid=seen.is_valid,
            reason=seen.reason,
            people=seen.people,
            footprint=seen.footprint,
            aircraft=pose.point if pose else None,
            aircraft_height_agl_m=pose.height_agl_m if pose else None,
            latency_s=time.monotonic() - frame.captured_at_s,
            rate_hz=rate_hz,
            skipped_count=skipped,
            size_px=(frame.image.shape[1], frame.image.shape[0]),
        )
        return {"type": "look"} | look_to_dict(look)

    def _show(self, frame: Frame) -> None:
        small = cv2.resize(frame.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
        picture = Picture(captured_at_s=frame.captured_at_s, jpeg=jpeg.tobytes())
        self._outlet.always(framed_picture(picture))

    def _say(self, body: dict[str, Any]) -> None:
        self._outlet.always(framed_json(body))


def _smoothed(rate_hz: float, newest_hz: float) -> float:
    return newest_hz if rate_hz == 0.0 else rate_hz + 0.3 * (newest_hz - rate_hz)


def main() -> None:
    """Start with pipes to the parent as standard input and output."""
    parser = argparse.ArgumentParser(prog="python -m vision.eye")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not tear the frames
    cv2.setNumThreads(1)
    Eye(out, load_detector(threads=arguments.threads)).run(sys.stdin.fileno())
    # The other threads stand in native code, decoding or detecting; an interpreter that takes
    # itself apart under them crashes. Nothing is left to write: nobody reads the pipe any more.
    os._exit(0)


if __name__ == "__main__":
    main()
