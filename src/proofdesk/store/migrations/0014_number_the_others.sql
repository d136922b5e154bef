-- A tenant whose tree cannot be continued is left out: its leaves wait, those of the others are numbered.

drop function engine_take_leaves(int);
create function engine_take_leaves(p_limit int, p_aside text[])
returns table (leaf_no bigint, tenant text, leaf_hash bytea)
language sql security definer set search_path = public, pg_temp as $$
  with oldest as (
    select p.leaf_no from leaf_pending p where p.tenant <> all(p_aside) order by p.leaf_no limit p_limit
  )
  delete from leaf_pending p using oldest o where p.leaf_no = o.leaf_no
  returning p.leaf_no, p.tenant, p.leaf_hash
$$;

-- Whatever stands in a tampered row, these give rows of the right shape: what is missing shows in the count of hashes.
create or replace function engine_tree(p_tenant text) returns table (size bigint, range bytea[])
language sql security definer set search_path = public, pg_temp as $$
  select t.size, array_remove(t.range, null) from tree t where t.tenant = p_tenant for update
$$;

create or replace function engine_trees()
returns table (tenant text, size bigint, range bytea[], checkpointed bigint, halted boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.tenant, t.size, array_remove(t.range, null),
         coalesce((select max(c.size) from checkpoint c where c.tenant = t.tenant), 0),
         exists (select 1 from ledger_halt h where h.tenant = t.tenant)
  from tree t order by t.tenant
$$;

revoke execute on function engine_take_leaves(int, text[]) from public;
grant execute on function engine_take_leaves(int, text[]) to proofdesk_engine;
