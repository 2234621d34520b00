"""The shape of an answer is that of its record: what `encode` makes of one fulfils it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ground_station.shapes import Page, always, listed, one_of, recorded, with_more
from ground_station.store.codec import encode
from ground_station.store.tables import audit


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece."""

    name: str
    weight_kg: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A record of every kind of field."""

    thing_id: str
    seen_utc: datetime
    colour: Colour | None
    parts: tuple[Part, ...]
    reasons: tuple[tuple[str, int], ...]
    by_name: Mapping[str, Part]
    count: int = 0


@recorded(Thing)
class ThingView(TypedDict):
    """A thing with its name in Chinese."""

    colour_zh: str


@recorded(Thing, is_stored=True)
class ThingRow(TypedDict):
    """A thing as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A record of a kind that has no JSON form."""

    value: complex


NAMES = st.text(max_size=5)
PARTS = st.builds(Part, name=NAMES, weight_kg=st.floats(0.0, 9.0))
THINGS = st.builds(
    Thing, thing_id=NAMES, seen_utc=st.just(datetime(2026, 11, 24, tzinfo=UTC)),
    colour=st.none() | st.sampled_from(Colour), parts=st.lists(PARTS, max_size=2).map(tuple),
    reasons=st.lists(st.tuples(NAMES, st.integers(0, 9)), max_size=2).map(tuple),
    by_name=st.dictionaries(NAMES, PARTS, max_size=2), count=st.integers(0, 9),
)  # fmt: skip


def schema_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a type
    return TypeAdapter(kind).json_schema(mode="serialization")


@given(THINGS)
def test_what_encode_makes_of_a_record_fulfils_its_shape(thing: Thing) -> None:
    body = encode(thing) | {"colour_zh": "红"}
    assert TypeAdapter(ThingView).validate_python(body).keys() == body.keys()
    with pytest.raises(ValidationError):
        TypeAdapter(ThingView).validate_python(encode(thing))


def test_the_description_has_the_names_the_words_and_every_key() -> None:
    schema = schema_of(ThingView)
    assert (schema["title"], schema["description"]) == (ThingView.__name__, ThingView.__doc__)
    assert set(schema["required"]) == {*schema["properties"]}
    assert schema["properties"]["seen_utc"]["format"] == "date-time"
    assert schema["$defs"]["Part"]["description"] == "A piece."
    assert schema["$defs"]["Colour"]["enum"] == ["red", "blue"]


def test_an_older_row_may_lack_what_has_a_default() -> None:
    schema = schema_of(ThingRow)
    assert "count" not in schema["required"]
    assert schema["$defs"]["StoredPart"]["required"] == ["name"]


def test_a_table_a_page_and_all_keys_of_a_part() -> None:
    @listed(audit, "body_json")
    class Row(TypedDict):
        """A row."""

    class Some(TypedDict, total=False):
        """Some keys."""

        one: int

    @always
    class All(Some):
        """All keys."""

        two: int
        colour: Annotated[str, one_of(Colour, "none")]

    @with_more
    class More(TypedDict):
        """Other keys too."""

    assert set(schema_of(Row)["properties"]) == {c.name for c in audit.columns} - {"body_json"}
    assert schema_of(Page[Part])["properties"]["next"]["anyOf"][1] == {"type": "null"}
    assert schema_of(All)["required"] == ["one", "two", "colour"]
    assert schema_of(All)["properties"]["colour"]["enum"] == ["red", "blue", "none"]
    assert schema_of(More)["additionalProperties"] is True


def test_a_record_that_has_no_json_form_has_no_shape() -> None:
    with pytest.raises(TypeError, match="complex"):

        @recorded(Unknown)
        class UnknownView(TypedDict):
            """Nothing."""
