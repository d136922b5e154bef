-- Within a severity class the ticket whose waiting costs more counts as due earlier. An interval since a fixed instant,
-- because an index takes no sum of an instant and an interval.
alter table ticket add column head_start_s int not null default 0 check (head_start_s between 0 and 7200);
create function ticket_turn(p_due_at timestamptz, p_head_start_s int) returns interval
language sql immutable parallel safe as $$
  select (p_due_at - timestamptz '2000-01-01 00:00:00+00') - make_interval(secs => p_head_start_s)
$$;
drop index ticket_due;
create index ticket_due on ticket (tenant, priority, ticket_turn(due_at, head_start_s)) where due_at is not null;

create or replace function engine_claim_due(p_now timestamptz, p_limit int, p_lease_s double precision)
returns table (ticket_id uuid, tenant text, rank int)
language sql security definer set search_path = public, pg_temp as $$
  with due as (
    select c.tenant, c.ticket_id,
           row_number() over (partition by c.tenant order by c.priority desc, c.turn)::int as rank
    from tenant t
    cross join lateral (select g from generate_series(4, 1, -1) g) p(priority)
    cross join lateral (
      select k.tenant, k.ticket_id, k.priority,
             ticket_turn(k.due_at, k.head_start_s) as turn
      from ticket k
      where k.tenant = t.tenant and k.priority = p.priority and k.due_at <= p_now
        and ticket_turn(k.due_at, k.head_start_s) <= ticket_turn(p_now, 0)
        and (k.lease_until is null or k.lease_until < clock_timestamp())
      order by ticket_turn(k.due_at, k.head_start_s) limit p_limit
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
