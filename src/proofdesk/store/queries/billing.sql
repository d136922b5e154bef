-- Verified resolutions and what they cost.

-- name: add_event :execute
-- The event and its leaf in one statement.
with written as (
  insert into leaf (tenant, ts, kind, canon, leaf_hash, ticket_id)
  values (%(tenant)s, %(ts)s, %(kind)s, %(canon)s, %(leaf_hash)s, %(ticket_id)s)
  returning leaf_no, leaf_hash
), waiting as (
  insert into leaf_pending (leaf_no, tenant, leaf_hash) select leaf_no, %(tenant)s, leaf_hash from written
)
insert into resolution_event (tenant, issue_id, event, at, ticket_id, leaf_no)
select %(tenant)s, %(issue_id)s, %(event)s, %(at)s, %(ticket_id)s, leaf_no from written on conflict do nothing;

-- name: events_of_issue :many
select event, at, leaf_no from resolution_event where tenant = %(tenant)s and issue_id = %(issue_id)s order by at, event;

-- name: charge :execute
-- Only the one that gets in behind the charge key writes the billing leaf.
with charged as (
  insert into billable_event (tenant, issue_id, sign, kind, grade, price_minor, currency, at, contract_id, contract_version, leaf_no)
  values (%(tenant)s, %(issue_id)s, %(sign)s, %(kind)s, %(grade)s, %(price_minor)s, %(currency)s, %(at)s, %(contract_id)s,
          %(contract_version)s, %(leaf_no)s)
  on conflict (tenant, issue_id, sign) do nothing
  returning 1
), written as (
  insert into leaf (tenant, ts, kind, canon, leaf_hash, ticket_id)
  select %(tenant)s, %(leaf_ts)s, %(leaf_kind)s, %(canon)s, %(leaf_hash)s, %(ticket_id)s from charged
  returning leaf_no, leaf_hash
)
insert into leaf_pending (leaf_no, tenant, leaf_hash) select leaf_no, %(tenant)s, leaf_hash from written;

-- name: billed_of_issue :many
select sign, kind, grade, price_minor, currency, at from billable_event
where tenant = %(tenant)s and issue_id = %(issue_id)s order by sign desc;

-- name: month :many
select b.issue_id, b.sign, b.kind, b.grade, b.price_minor, b.currency, b.at, s.seq as leaf_seq
from billable_event b left join leaf_seq s on s.leaf_no = b.leaf_no
where b.tenant = %(tenant)s and b.at >= %(from_at)s and b.at < %(to_at)s order by b.at, b.issue_id, b.sign desc;

-- name: count_verified :one
select count(*) filter (where sign = 1)::int as charged, count(*) filter (where sign = -1)::int as credited
from billable_event where tenant = %(tenant)s;

-- name: add_contract :execute
insert into contract (tenant, contract_id, version, terms, rule_hash, effective_from)
values (%(tenant)s, %(contract_id)s, %(version)s, %(terms)s, %(rule_hash)s, %(now)s) on conflict do nothing;

-- name: contract :optional
select contract_id, version, terms, rule_hash from contract where tenant = %(tenant)s
order by effective_from desc, version desc limit 1;
