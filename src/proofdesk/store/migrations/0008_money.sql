-- Budgets are kept per currency: minor units of different currencies are never added up. Their limit is the one in
-- force when money is reserved, so that a lowered one counts in the running window; it is no constraint of the row.
alter table reservation drop constraint reservation_tenant_scope_window_start_fkey;
alter table reservation add column currency text;
-- What moved in another currency than its budget's was counted as if it were that one: set right here.
update reservation r set currency = coalesce(nullif(e.currency, ''), b.currency)
from effect e, budget b
where e.tenant = r.tenant and e.effect_key = r.effect_key
  and b.tenant = r.tenant and b.scope = r.scope and b.window_start = r.window_start;
alter table reservation alter column currency set not null;
alter table budget drop constraint budget_pkey, drop constraint budget_check;
alter table budget add primary key (tenant, scope, currency, window_start);
insert into budget (tenant, scope, currency, window_start, limit_minor)
select distinct tenant, scope, currency, window_start, 0 from reservation on conflict do nothing;
update budget b set
  reserved_minor = (select coalesce(sum(r.amount_minor), 0) from reservation r where r.tenant = b.tenant
    and r.scope = b.scope and r.currency = b.currency and r.window_start = b.window_start and r.state = 'held'),
  spent_minor = (select coalesce(sum(r.amount_minor), 0) from reservation r where r.tenant = b.tenant
    and r.scope = b.scope and r.currency = b.currency and r.window_start = b.window_start and r.state = 'spent');
alter table reservation add foreign key (tenant, scope, currency, window_start) references budget;

-- The invoice of a month looks for the issues with an event near it.
create index resolution_event_by_time on resolution_event (tenant, at);
