"""Which GridPatrol this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """As the package was installed; "source" when run from a folder that was not."""
    try:
        return version("gridpatrol")
    except PackageNotFoundError:
        return "source"
