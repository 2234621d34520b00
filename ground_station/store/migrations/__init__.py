"""Alembic's folder: env.py and the revisions. It is packaged and runs at every start."""
