"""No tenant sees or writes another's rows: read from the catalogue, so a new table cannot be forgotten."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import Pool, connection, open_pool, tenant_transaction
from tests.database import fresh_database, make_template

WITHOUT_TENANT = frozenset({"schema_migration"})
"""The only tables of schema public that may lack a tenant column."""

APP_DEFINER_FUNCTIONS: frozenset[str] = frozenset()
"""SECURITY DEFINER functions that the app role may call: they pass row-level security, so each needs a reason here."""

TABLES = """
select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity,
  exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant') as tenant,
  exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant' and a.attnotnull) as required,
  has_table_privilege('proofdesk_app', c.oid, 'truncate,references,trigger') as dangerous,
  has_any_column_privilege('proofdesk_engine', c.oid, 'select,insert,update,references')
    or has_table_privilege('proofdesk_engine', c.oid, 'delete,truncate') as engine
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'app') and c.relkind in ('r', 'p', 'f') order by c.relname
"""
POLICIES = """
select tablename, policyname, coalesce(qual, '') as qual, coalesce(with_check, qual, '') as written
from pg_policies
where schemaname in ('public', 'app') and permissive = 'PERMISSIVE'
  and roles && array['public', 'proofdesk_app']::name[]
"""
LEAKS = """
select 'view ' || c.relname || ' runs with the rights of its owner' from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'app') and c.relkind in ('v', 'm')
   and has_any_column_privilege('proofdesk_app', c.oid, 'select')
   and (c.relkind = 'm' or not coalesce(c.reloptions @> array['security_invoker=true'], false))
union all
select 'function ' || p.proname || ' is SECURITY DEFINER and the app role may call it' from pg_proc p
 where p.prosecdef and p.pronamespace <> 'pg_catalog'::regnamespace and p.proname <> all(%(allowed)s)
   and has_function_privilege('proofdesk_app', p.oid, 'execute')
union all
select 'function ' || p.proname || ' is SECURITY DEFINER without a fixed search_path' from pg_proc p
 where p.prosecdef and p.pronamespace <> 'pg_catalog'::regnamespace
   and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%%')
"""


Administrator = psycopg.Connection[psycopg.rows.DictRow]


@pytest.fixture
def admin(database: Endpoint) -> Iterator[Administrator]:
    with psycopg.connect(database.admin_conninfo(), row_factory=psycopg.rows.dict_row) as conn:
        yield conn


def faults(admin: Administrator) -> list[str]:
    """What is wrong with the tenancy of a schema, one line each."""
    tables = admin.execute(TABLES).fetchall()
    policies = admin.execute(POLICIES).fetchall()
    found = [row["?column?"] for row in admin.execute(LEAKS, {"allowed": list(APP_DEFINER_FUNCTIONS)}).fetchall()]
    guarded = {row["tablename"] for row in policies}
    found += [
        f"policy {row['policyname']} on {row['tablename']} does not ask for proofdesk.tenant"
        for row in policies
        if any("proofdesk.tenant" not in text for text in (row["qual"] or row["written"], row["written"]))
    ]
    for table in tables:
        name = table["relname"]
        if table["dangerous"]:
            found.append(f"{name}: the app role may TRUNCATE, REFERENCE or TRIGGER")
        if table["engine"] and name not in WITHOUT_TENANT:
            found.append(f"{name}: the engine role may touch the table itself")
        if not table["tenant"]:
            if name not in WITHOUT_TENANT:
                found.append(f"{name}: no tenant column")
            continue
        checks = {
            "tenant may be null": table["required"],
            "row-level security is off": table["relrowsecurity"],
            "row-level security is not forced": table["relforcerowsecurity"],
            "no policy for the app role": name in guarded,
        }
        found += [f"{name}: {fault}" for fault, good in checks.items() if not good]
    return found


def test_every_table_is_guarded(admin: Administrator) -> None:
    assert faults(admin) == []


async def test_no_table_takes_a_row_of_another_tenant(admin: Administrator, app_pool: Pool) -> None:
    """Row-level security is judged before NOT NULL and foreign keys, so an otherwise empty row is enough."""
    tables = [row["relname"] for row in admin.execute(TABLES).fetchall() if row["tenant"]]
    assert len(tables) > 10
    for table in tables:
        query = psycopg.sql.SQL("insert into {} (tenant) values ('other')").format(psycopg.sql.Identifier(table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=table):
            async with tenant_transaction(app_pool, "mine") as conn:
                await conn.execute(query)


SCHEMA = """
create table note (tenant text not null, body text not null);
alter table note enable row level security;
alter table note force row level security;
create policy own_tenant on note to proofdesk_app
  using (tenant = nullif(current_setting('proofdesk.tenant', true), ''));
create policy owner_maintains on note to proofdesk_owner using (true) with check (true);
grant select, insert, update, delete on note to proofdesk_app;
"""


@pytest.fixture(scope="module")
def small_template(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "0001_note.sql").write_text(SCHEMA, encoding="utf-8")
    return make_template(database_server, "small_template", folder)


@pytest.fixture(scope="module")
def small(small_template: Endpoint) -> Iterator[Endpoint]:
    with fresh_database(small_template) as endpoint:
        yield endpoint


@pytest.fixture
async def notes(small: Endpoint) -> AsyncIterator[Pool]:
    async with open_pool(small, "app") as pool:
        for tenant in ("a", "b"):
            async with tenant_transaction(pool, tenant) as conn:
                await conn.execute("delete from note")
                await conn.execute("insert into note values (%s, 'secret of ' || %s)", [tenant, tenant])
        yield pool


async def test_a_tenant_sees_its_own_rows_and_nobody_sees_any_without_one(notes: Pool) -> None:
    async with tenant_transaction(notes, "a") as conn:
        assert await (await conn.execute("select tenant from note")).fetchall() == [{"tenant": "a"}]
        assert (await conn.execute("update note set body = 'x' where tenant = 'b'")).rowcount == 0
        assert (await conn.execute("delete from note where tenant = 'b'")).rowcount == 0
    async with connection(notes) as conn:
        assert await (await conn.execute("select tenant from note")).fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into note values ('b', 'planted')",
        "update note set tenant = 'b'",
        "alter table note disable row level security",
        "alter table note no force row level security",
        "drop policy own_tenant on note",
        "create policy all_of_it on note using (true)",
        "truncate note",
        "create table mine (x int)",
        "create temporary table mine (x int)",
        "create schema mine",
        "create function f() returns int language sql as 'select 1'",
        "set role proofdesk_owner",
        "set role proofdesk_engine",
        "set session authorization proofdesk_owner",
        "set session_replication_role = replica",
        "select * from schema_migration",
        "select rolpassword from pg_authid",
        "select pg_read_file('PG_VERSION')",
        "copy note to program 'cat'",
    ],
)
async def test_the_app_role_cannot_get_around_it(notes: Pool, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with tenant_transaction(notes, "a") as conn:
            await conn.execute(statement.encode())


async def test_row_security_off_is_an_error_not_a_view_of_everything(notes: Pool) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with tenant_transaction(notes, "a") as conn:
            await conn.execute("set local row_security = off")
            await conn.execute("select * from note")


def test_the_owner_outside_its_policy_is_bound_too(small: Endpoint, notes: Pool) -> None:
    with psycopg.connect(small.conninfo("owner")) as owner:
        assert owner.execute("select count(*) from note").fetchone() == (2,)
        owner.execute("drop policy owner_maintains on note")
        assert owner.execute("select count(*) from note").fetchone() == (0,)
        owner.rollback()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("alter table note disable row level security", "note: row-level security is off"),
        ("alter table note no force row level security", "note: row-level security is not forced"),
        ("alter table note alter tenant drop not null", "note: tenant may be null"),
        ("drop policy own_tenant on note", "note: no policy for the app role"),
        ("create policy open on note to proofdesk_app using (true)", "policy open on note does not ask for"),
        (
            "create policy half on note using (tenant = current_setting('proofdesk.tenant')) with check (true)",
            "policy half on note does not ask for",
        ),
        ("create table loose (x int)", "loose: no tenant column"),
        ("grant truncate on note to proofdesk_app", "note: the app role may TRUNCATE"),
        ("grant select (body) on note to proofdesk_engine", "note: the engine role may touch"),
        ("create view peek as select * from note; grant select on peek to proofdesk_app", "view peek runs with"),
        (
            "create function f() returns int language sql security definer set search_path = public as 'select 1'",
            "function f is SECURITY DEFINER and the app role",
        ),
        (
            "create function f() returns int language sql security definer as 'select 1'; "
            "revoke execute on function f from public",
            "function f is SECURITY DEFINER without a fixed search_path",
        ),
    ],
)
def test_the_check_finds_a_hole(small: Endpoint, change: str, fault: str) -> None:
    with psycopg.connect(small.admin_conninfo(), row_factory=psycopg.rows.dict_row) as admin:
        assert faults(admin) == []
        admin.execute("set local role proofdesk_owner")
        admin.execute(change.encode())
        admin.execute("reset role")
        (found,) = faults(admin)
        admin.rollback()
    assert fault in found
