"""Alembic's entry: run the steps on the connection that `edge.catalog.schema` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
