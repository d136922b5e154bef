-- A tenant whose ledger does not extend what its witness saw (or whose witness is damaged) is stopped, alone:
-- no checkpoint, no delivery, no transition of a ticket, until the witness takes a checkpoint again.
create table ledger_halt (
  tenant text primary key references tenant,
  reason text not null,
  at timestamptz not null
);
alter table ledger_halt enable row level security;
alter table ledger_halt force row level security;
create policy own_tenant on ledger_halt to proofdesk_app
  using (tenant = current_setting('proofdesk.tenant', true))
  with check (tenant = current_setting('proofdesk.tenant', true));
create policy owner_maintains on ledger_halt to proofdesk_owner using (true) with check (true);
grant select on ledger_halt to proofdesk_app;

create function engine_halt(p_tenant text, p_reason text, p_at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into ledger_halt (tenant, reason, at) values (p_tenant, p_reason, p_at)
  on conflict (tenant) do update set reason = excluded.reason
$$;

create function engine_resume(p_tenant text) returns void
language sql security definer set search_path = public, pg_temp as $$
  delete from ledger_halt where tenant = p_tenant
$$;

drop function engine_trees();
create function engine_trees()
returns table (tenant text, size bigint, range bytea[], checkpointed bigint, halted boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.tenant, t.size, t.range, coalesce((select max(c.size) from checkpoint c where c.tenant = t.tenant), 0),
         exists (select 1 from ledger_halt h where h.tenant = t.tenant)
  from tree t order by t.tenant
$$;

create or replace function engine_claim_due(p_now timestamptz, p_limit int, p_lease_s double precision)
returns table (ticket_id uuid, tenant text, rank int)
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select c.tenant, c.ticket_id,
           row_number() over (partition by c.tenant order by c.priority desc, c.due_at)::int as rank
    from tenant t
    cross join lateral (select g from generate_series(4, 1, -1) g) p(priority)
    cross join lateral (
      select k.tenant, k.ticket_id, k.priority, k.due_at from ticket k
      where k.tenant = t.tenant and k.priority = p.priority and k.due_at <= p_now
        and (k.lease_until is null or k.lease_until < clock_timestamp())
      order by k.due_at limit p_limit
    ) c
    where not exists (select 1 from ledger_halt h where h.tenant = t.tenant)
  ), chosen as (
    select d.tenant, d.ticket_id, d.rank from due d order by d.rank, d.tenant limit p_limit
  ), locked as (
    select k.tenant, k.ticket_id, c.rank from chosen c
    join ticket k on k.tenant = c.tenant and k.ticket_id = c.ticket_id
    where k.lease_until is null or k.lease_until < clock_timestamp()
    for update of k skip locked
  )
  update ticket k set lease_until = clock_timestamp() + make_interval(secs => p_lease_s)
  from locked l where k.tenant = l.tenant and k.ticket_id = l.ticket_id
  returning k.ticket_id, k.tenant, l.rank
$$;

do $$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = 'public' and p.proname in ('engine_halt', 'engine_resume', 'engine_trees') loop
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to proofdesk_engine', f);
  end loop;
end $$;
