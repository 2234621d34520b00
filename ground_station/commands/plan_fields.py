"""Which options of `gridpatrol plan` belong to which pattern."""

from __future__ import annotations

from ground_station.options import PlanOptions
from patrol.errors import ConfigError
from patrol.pattern import Pattern

# As the console's form has them.
_PATTERNS_OF = {
    "--at": (Pattern.POINTS, Pattern.HOLD, Pattern.ORBIT, Pattern.CORRIDOR),
    "--spacing": (Pattern.SWEEP, Pattern.CORRIDOR),
    "--hold": (Pattern.POINTS, Pattern.HOLD, Pattern.ORBIT),
    "--radius": (Pattern.ORBIT,),
    "--width": (Pattern.CORRIDOR,),
}


def given_fields(options: PlanOptions) -> list[str]:
    """Those that say how a pattern is flown."""
    values = {
        "--at": options.at, "--spacing": options.spacing, "--hold": options.hold,
        "--radius": options.radius, "--width": options.width or None,
    }  # fmt: skip
    return [name for name, value in values.items() if value is not None]


def require_fitting(options: PlanOptions) -> None:
    """ConfigError for one that the pattern would pass over in silence."""
    for name in given_fields(options):
        patterns = _PATTERNS_OF[name]
        if options.pattern not in patterns:
            raise ConfigError(
                f"--pattern {options.pattern} takes no {name}; it is for "
                f"{', '.join(patterns)}: say which with --pattern",
                text_zh=f"--pattern {options.pattern} 不用 {name}；它用于{'、'.join(patterns)}："
                "请用 --pattern 写明",
            )
