"""Persons, their roles, sessions, seats at a shared console, API tokens and one-time links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0040"
down_revision = "r0003"
branch_labels = None
depends_on = None

_TABLES = ("sign_in_links", "api_tokens", "seats", "sessions", "grants", "persons")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "persons",
        sa.Column("login", sa.Text(), primary_key=True),
        *_texts("name"),
        sa.Column("name_key", sa.Text(), nullable=False, unique=True),
        *_flags("is_automatic", "is_disabled", "must_change"),
        *_texts("password_hash", "pin_hash"),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        *_texts("locked_until_utc"),
        sa.Column("pin_failed_count", sa.Integer(), nullable=False),
        *_texts("pin_locked_until_utc", "created_utc"),
    )
    op.create_table(
        "grants",
        sa.Column("login", sa.Text(), sa.ForeignKey("persons.login"), primary_key=True),
        sa.Column("role", sa.Text(), primary_key=True),
        sa.Column("scope", sa.Text(), primary_key=True),
    )
    op.create_table(
        "sessions",
        sa.Column("key_hash", sa.Text(), primary_key=True),
        _login(),
        *_flags("is_shared"),
        *_texts("address", "created_utc", "seen_utc", "ends_utc"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
    op.create_table(
        "seats",
        sa.Column("key_hash", sa.Text(), sa.ForeignKey("sessions.key_hash"), primary_key=True),
        sa.Column("role", sa.Text(), primary_key=True),
        _login(),
        *_texts("confirmed_utc"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("key_hash", sa.Text(), nullable=False, unique=True),
        _login(),
        *_texts("purpose", "roles", "scope", "created_utc", "ends_utc"),
    )
    op.create_index("ix_api_tokens_login", "api_tokens", ["login"])
    op.create_table(
        "sign_in_links",
        sa.Column("key_hash", sa.Text(), primary_key=True),
        _login(),
        *_texts("ends_utc"),
    )


def downgrade() -> None:
    """Take them away: nobody is in them but who may sign in; the audit log keeps who did what."""
    for table in _TABLES:
        op.drop_table(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(create_constraint=False), nullable=False) for name in names]


def _login() -> sa.Column[str]:
    return sa.Column("login", sa.Text(), sa.ForeignKey("persons.login"), nullable=False)
