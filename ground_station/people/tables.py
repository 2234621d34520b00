"""The tables of persons and sign-ins. Of a password, PIN or token only a hash is ever kept."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from ground_station.store.tables import metadata


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False)


def _login() -> Column[str]:
    return Column("login", Text, ForeignKey("persons.login"), nullable=False)


persons = Table(
    "persons",
    metadata,
    Column("login", Text, primary_key=True),
    _text("name"),
    Column("name_key", Text, nullable=False, unique=True),
    _flag("is_automatic"),
    _flag("is_disabled"),
    _flag("must_change"),
    _text("password_hash"),  # empty: cannot sign in by password
    _text("pin_hash"),  # empty: has chosen none
    Column("failed_count", Integer, nullable=False),
    _text("locked_until_utc"),
    Column("pin_failed_count", Integer, nullable=False),
    _text("pin_locked_until_utc"),
    _text("created_utc"),
)

grants = Table(
    "grants",
    metadata,
    Column("login", Text, ForeignKey("persons.login"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key_hash", Text, primary_key=True),
    _login(),
    _flag("is_shared"),
    _text("address"),
    _text("created_utc"),
    _text("seen_utc"),
    _text("ends_utc"),
    Index("ix_sessions_login", "login"),
)

seats = Table(
    "seats",
    metadata,
    Column("key_hash", Text, ForeignKey("sessions.key_hash"), primary_key=True),
    Column("role", Text, primary_key=True),
    _login(),
    _text("confirmed_utc"),
)

tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_hash", Text, nullable=False, unique=True),
    _login(),
    _text("purpose"),
    _text("roles"),  # codes with commas between; empty: looks only
    _text("scope"),
    _text("created_utc"),
    _text("ends_utc"),
    Index("ix_api_tokens_login", "login"),
)

links = Table(
    "sign_in_links",
    metadata,
    Column("key_hash", Text, primary_key=True),
    _login(),
    _text("ends_utc"),
)
