"""PostgreSQL: the embedded server, pools and roles, migrations, named queries with typed rows."""
