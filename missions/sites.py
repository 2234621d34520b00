"""The special sites of a grid as places to visit."""

from __future__ import annotations

from dataclasses import replace

from missions.register import Register
from missions.request import Task
from patrol.pattern import Pattern


def with_sites(task: Task, register: Register, grid_code: str) -> Task:
    """The task, with the grid's special sites where points are asked for and none is named."""
    if task.pattern is not Pattern.POINTS or task.places:
        return task
    sites = [site.point for site in register.sites if site.grid_code.startswith(grid_code)]
    return replace(task, places=tuple(sites))
