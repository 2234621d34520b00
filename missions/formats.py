"""Plans as files of our own: JSON, with the digest of what a person approves."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from patrol.errors import ConfigError, Refused
from patrol.plan import MissionPlan, plan_from_dict

_OF_OTHERS = (".plan", ".geojson", ".kml")


def read_plan(path: Path) -> MissionPlan:
    """A plan file; ConfigError when it is none, Refused when it was changed after it was written.

    What a person approved is the digest: a file whose body has another one is another plan.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        plan = plan_from_dict(body)
    except OSError as error:
        raise ConfigError(
            f"the plan cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取计划文件：{path}（{error.strerror}）",
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if path.suffix.lower() in _OF_OTHERS:
            raise ConfigError(
                f"{path} is a plan for other programs: gridpatrol plan --from {path.name} --out "
                "plan.json makes one of ours of it, under every check",
                text_zh=f"{path} 是供其他软件使用的计划：先用 gridpatrol plan --from {path.name} "
                "--out plan.json 转为本系统的计划，经全部检查",
            ) from error
        raise ConfigError(
            f"not a plan of `gridpatrol plan`: {path} ({_short(error)})",
            text_zh="该文件不是 gridpatrol plan 的计划",
        ) from error
    stored = body.get("digest")
    if stored is None and plan.approved_by:
        raise Refused(
            f"the plan names {plan.approved_by} as its approver but carries no digest of what was "
            f"approved: {path}; plan and approve it again",
            text_zh=f"计划写明由{plan.approved_by}批准，但没有所批准内容的摘要：{path}；请重新规划并批准",
        )
    if stored is not None and stored != plan.digest:
        raise Refused(
            f"the plan was changed after it was written (digest {plan.digest[:12]}, the file says "
            f"{str(stored)[:12]}): {path}; plan and approve it again",
            text_zh=f"计划写成后被改动（摘要{plan.digest[:12]}，文件所记为{str(stored)[:12]}）：{path}；请重新规划并批准",
        )
    return plan


def _short(error: Exception) -> str:
    """Why, without what the file holds: of a picture that would be a screen full of bytes."""
    match error:
        case UnicodeDecodeError():
            return f"no text: byte {error.start} is not UTF-8"
        case KeyError():
            return f"{error} is missing"
        case _:
            return str(error)


def write_json(path: Path, body: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all; ConfigError when it cannot be written."""
    write_text(path, json.dumps(body, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; ConfigError when it cannot be written."""
    part = path.with_name(path.name + ".part")
    if path.exists() and not path.is_file():
        # Putting the new file in its place would take a device or a pipe away from everybody.
        raise ConfigError(f"cannot write {path}: not a file", text_zh=f"无法写入{path}：不是文件")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            part.unlink(missing_ok=True)
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", text_zh=f"无法写入{path}：{error.strerror}"
        ) from error
