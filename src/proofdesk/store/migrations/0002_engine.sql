-- What the engine may see of all tenants: ids, priorities and due times, through these functions and nothing else.

-- Claims up to p_limit due tickets, fairly: the best of every tenant first, then the second best, …
-- p_now is product time (it may run faster than the wall clock); leases are wall-clock.
create function engine_claim_due(p_now timestamptz, p_limit int, p_lease_s double precision)
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

create function engine_backlog(p_now timestamptz) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*) from ticket where due_at <= p_now
$$;

-- The oldest unsequenced leaves of all tenants, taken out of the waiting list (in this transaction).
create function engine_take_leaves(p_limit int)
returns table (leaf_no bigint, tenant text, leaf_hash bytea)
language sql security definer set search_path = public, pg_temp as $$
  with oldest as (
    select p.leaf_no from leaf_pending p order by p.leaf_no limit p_limit
  )
  delete from leaf_pending p using oldest o where p.leaf_no = o.leaf_no
  returning p.leaf_no, p.tenant, p.leaf_hash
$$;

create function engine_tree(p_tenant text) returns table (size bigint, range bytea[])
language sql security definer set search_path = public, pg_temp as $$
  select t.size, t.range from tree t where t.tenant = p_tenant for update
$$;

create function engine_append(p_tenant text, p_first bigint, p_leaf_nos bigint[], p_range bytea[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare n bigint := array_length(p_leaf_nos, 1);
begin
  insert into leaf_seq (tenant, seq, leaf_no)
    select p_tenant, p_first + u.i - 1, u.leaf_no from unnest(p_leaf_nos) with ordinality as u(leaf_no, i);
  insert into tree (tenant, size, range) values (p_tenant, p_first + n, p_range)
    on conflict (tenant) do update set size = excluded.size, range = excluded.range where tree.size = p_first;
  if not found then
    raise exception 'the tree of % is not at size %', p_tenant, p_first;
  end if;
end $$;

create function engine_checkpoint(p_tenant text, p_size bigint, p_root bytea, p_note text, p_at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into checkpoint (tenant, size, root, note, at) values (p_tenant, p_size, p_root, p_note, p_at)
  on conflict (tenant, size) do nothing
$$;

create function engine_trees() returns table (tenant text, size bigint, range bytea[], checkpointed bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.tenant, t.size, t.range, coalesce((select max(c.size) from checkpoint c where c.tenant = t.tenant), 0)
  from tree t
$$;

create function engine_leaf_hashes(p_tenant text, p_from bigint, p_limit int) returns table (seq bigint, leaf_hash bytea)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.seq, l.leaf_hash from leaf_seq s join leaf l on l.leaf_no = s.leaf_no
  where s.tenant = p_tenant and s.seq >= p_from order by s.seq limit p_limit
$$;

create function engine_tenants() returns table (tenant text)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.tenant from tenant t order by t.tenant
$$;

-- Which tenant and person an API key belongs to; the caller compares the secret's hash.
create function engine_find_api_key(p_prefix text)
returns table (tenant text, person_id uuid, login text, roles text[], secret_hash bytea)
language sql stable security definer set search_path = public, pg_temp as $$
  select k.tenant, k.person_id, p.login, p.roles, k.secret_hash
  from api_key k join person p on p.tenant = k.tenant and p.person_id = k.person_id
  where k.prefix = p_prefix and k.revoked_at is null and p.disabled_at is null
$$;

do $$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = 'public' and p.proname like 'engine\_%' loop
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to proofdesk_engine', f);
  end loop;
end $$;

alter table ticket set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table leaf_pending set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
