"""Legal bases: which orders are in force where and when, so whether a gathering is an alarm."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from patrol.clock import parse_utc
from patrol.errors import ConfigError

EXERCISE_LEGAL_BASIS_FILE = Path(__file__).parent / "data" / "legal_basis_exercise.json"


class Allows(enum.Enum):
    """What a legal basis can allow (DOMAIN 5.2 LegalBasis)."""

    GATHERING_ORDER = "GATHERING_ORDER"  # gatherings are forbidden here, so one is an alarm
    EPIDEMIC_NOTICE = "EPIDEMIC_NOTICE"
    HIGH_VOLUME = "HIGH_VOLUME"  # loudspeaker near homes, 噪声污染防治法 Art. 64
    RECORDING = "RECORDING"
    EMERGENCY = "EMERGENCY"  # a declared emergency: the exception of Art. 64 for words of safety


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """One order or notice. `scope_area` are code prefixes of grids: a street's covers its grids."""

    basis_id: str
    title: str
    authority: str
    doc_no: str
    scope_area: tuple[str, ...]
    valid_from_utc: datetime
    valid_to_utc: datetime | None  # None: until withdrawn
    allows: frozenset[Allows]
    is_exercise: bool

    def covers(self, *, grid_code: str | None, at_utc: datetime, is_exercise: bool) -> bool:
        """Whether it holds there and then. An exercise order never reaches live records."""
        if self.is_exercise and not is_exercise:
            return False
        if grid_code is None or not any(grid_code.startswith(area) for area in self.scope_area):
            return False
        has_begun = self.valid_from_utc <= at_utc
        return has_begun and (self.valid_to_utc is None or at_utc < self.valid_to_utc)


class LegalBook:
    """Every legal basis that the station was given."""

    def __init__(self, bases: Sequence[LegalBasis] = ()) -> None:
        self._bases = tuple(bases)

    def __iter__(self) -> Iterator[LegalBasis]:
        """In the file's order."""
        return iter(self._bases)

    def in_force(
        self, allows: Allows, *, grid_code: str | None, at_utc: datetime, is_exercise: bool
    ) -> LegalBasis | None:
        """The first basis that allows this there and then; None when there is none."""
        for basis in self._bases:
            if allows in basis.allows and basis.covers(
                grid_code=grid_code, at_utc=at_utc, is_exercise=is_exercise
            ):
                return basis
        return None

    def gathering_order(
        self, *, grid_code: str | None, at_utc: datetime, is_exercise: bool
    ) -> LegalBasis | None:
        """The order that makes a gathering an alarm; without one it is an event only (ISA-18.2)."""
        return self.in_force(
            Allows.GATHERING_ORDER, grid_code=grid_code, at_utc=at_utc, is_exercise=is_exercise
        )


def read_legal_bases(path: Path) -> LegalBook:
    """Read a file of legal bases; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return LegalBook([_basis(item) for item in body["legal_bases"]])
    except OSError as error:
        raise ConfigError(f"the legal basis file cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a file of legal bases: {path}: {error!r}") from error


def legal_for(path: Path | None, *, is_exercise: bool) -> LegalBook:
    """The file's orders; without a file an exercise has its own, and a live station none."""
    if path is not None:
        return read_legal_bases(path)
    return read_legal_bases(EXERCISE_LEGAL_BASIS_FILE) if is_exercise else LegalBook()


def _basis(body: Mapping[str, Any]) -> LegalBasis:
    until = body["valid_to"]
    basis = LegalBasis(
        basis_id=str(body["id"]),
        title=str(body["title"]),
        authority=str(body["authority"]),
        doc_no=str(body["doc_no"]),
        scope_area=tuple(str(area) for area in body["scope_area"]),
        valid_from_utc=parse_utc(body["valid_from"]),
        valid_to_utc=None if until is None else parse_utc(until),
        allows=frozenset(Allows(name) for name in body["allows"]),
        is_exercise=bool(body["is_exercise"]),
    )
    if not (basis.basis_id and basis.doc_no and basis.scope_area):
        raise ValueError(f"a legal basis without id, document number or area: {basis.basis_id!r}")
    return basis
