"""The three database roles, the database itself, and the check that the app role cannot pass row-level security."""

from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection, sql

from proofdesk.store.endpoint import ROLES, Endpoint, role_name
from proofdesk.store.errors import StoreError

OWNER = role_name("owner")
APP = role_name("app")
ENGINE = role_name("engine")
_LIMITS = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"

_SETUP_LOCK = 7_201_431_001
"""Advisory lock: two processes may prepare the same external database at once."""

_CHECK = """
with recursive me as (
  select r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole from pg_roles r where r.rolname = current_user
), reach as (
  select oid from me
  union
  select m.roleid from pg_auth_members m join reach on m.member = reach.oid
)
select me.rolname as role, me.rolsuper as superuser, me.rolbypassrls as bypass, me.rolcreaterole as createrole,
  session_user = current_user as same,
  (select string_agg(format('%s.%s', n.nspname, c.relname), ', ' order by n.nspname, c.relname)
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'app', 'queue') and c.relowner = me.oid) as owned,
  (select string_agg(distinct r.rolname, ', ')
     from reach join pg_roles r on r.oid = reach.oid
    where r.oid <> me.oid and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname in ('public', 'app', 'queue') and c.relowner = r.oid))) as reachable
from me
"""


class UnsafeRole(StoreError):
    """The role of a connection could see other tenants' rows."""


def prepare_database(endpoint: Endpoint) -> None:
    """Make roles, database, the vector extension and the schema `queue`, as far as they are missing. Idempotent."""
    with psycopg.connect(endpoint.admin_conninfo("postgres"), autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(%s)", [_SETUP_LOCK])
        create_roles(admin, endpoint)
        create_database(admin, endpoint.database)
    with psycopg.connect(endpoint.admin_conninfo()) as admin:
        prepare_schemas(admin)


def prepare_existing(admin: Connection[Any], endpoint: Endpoint) -> None:
    """The same for a database that exists already, over one administrator's connection to it (autocommit)."""
    admin.execute("select pg_advisory_lock(%s)", [_SETUP_LOCK])
    create_roles(admin, endpoint)
    create_database(admin, endpoint.database)
    prepare_schemas(admin)


def create_roles(admin: Connection[Any], endpoint: Endpoint) -> None:
    """Create the roles and set their passwords (sent as SCRAM verifiers, so no log can hold the plain one)."""
    known = {row[0] for row in admin.execute("select rolname from pg_roles where rolname like 'proofdesk%'").fetchall()}
    for role in ROLES:
        name = role_name(role)
        verb = sql.SQL("ALTER ROLE") if name in known else sql.SQL("CREATE ROLE")
        verifier = admin.pgconn.encrypt_password(
            endpoint.passwords[role].encode(), name.encode(), b"scram-sha-256"
        ).decode()
        admin.execute(
            sql.SQL("{} {} {} PASSWORD {}").format(verb, sql.Identifier(name), sql.SQL(_LIMITS), sql.Literal(verifier))
        )
    # The owner may act as the engine role to apply its migrations (`-- role: engine`), without inheriting its rights.
    admin.execute(sql.SQL(f"GRANT {ENGINE} TO {OWNER} WITH INHERIT FALSE, SET TRUE"))
    if admin.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() != (True,):
        admin.execute(sql.SQL(f"GRANT {OWNER}, {ENGINE} TO CURRENT_USER WITH SET TRUE"))
    admin.execute(sql.SQL(f"ALTER ROLE {ENGINE} SET search_path = queue, public"))


def create_database(admin: Connection[Any], database: str, template: str = "template0") -> None:
    """Create `database` owned by the owner role unless it is there; only our roles may connect."""
    name = sql.Identifier(database)
    if admin.execute("select 1 from pg_database where datname = %s", [database]).fetchone() is None:
        locale = sql.SQL("ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'")
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} {}")
        admin.execute(query.format(name, sql.Identifier(template), sql.Identifier(OWNER), locale))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    admin.execute(sql.SQL(f"GRANT CONNECT ON DATABASE {{}} TO {OWNER}, {APP}, {ENGINE}").format(name))
    admin.execute(sql.SQL(f"GRANT CREATE, TEMPORARY ON DATABASE {{}} TO {OWNER}").format(name))


def prepare_schemas(admin: Connection[Any]) -> None:
    """The vector extension (needs the administrator), `public` owned by the owner, `queue` by the engine role."""
    admin.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
    admin.execute(sql.SQL(f"ALTER SCHEMA public OWNER TO {OWNER}"))
    admin.execute(sql.SQL(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {APP}, {ENGINE}"))
    admin.execute(sql.SQL(f"GRANT USAGE ON SCHEMA public TO {APP}, {ENGINE}"))
    admin.execute(sql.SQL(f"CREATE SCHEMA IF NOT EXISTS queue AUTHORIZATION {ENGINE}"))


async def check_role(conn: AsyncConnection[Any]) -> None:
    """Refuse a connection for which row-level security would be void. Raises UnsafeRole naming role and remedy.

    Void means: superuser, BYPASSRLS, CREATEROLE, owner of a table in public, app or queue, or able to SET ROLE to such.
    """
    async with conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = await (await cursor.execute(_CHECK)).fetchone()
    if row is None:
        raise UnsafeRole("the current role is not in pg_roles: connect with a role of this server")
    faults = [
        text
        for wrong, text in (
            (row["superuser"], "is a superuser"),
            (row["bypass"], "has BYPASSRLS"),
            (row["createrole"], "has CREATEROLE"),
            (not row["same"], "was reached by SET ROLE from another one"),
            (row["owned"], f"owns tables ({row['owned']})"),
            (row["reachable"], f"can become {row['reachable']}"),
        )
        if wrong
    ]
    if faults:
        raise UnsafeRole(
            f"the database role {row['role']!r} {' and '.join(faults)}: row-level security between tenants would "
            f"be void. Connect as {APP}, or take the rights away "
            f"(ALTER ROLE {row['role']} NOSUPERUSER NOBYPASSRLS NOCREATEROLE; REVOKE the memberships; "
            f"ALTER TABLE ... OWNER TO {OWNER})"
        )
