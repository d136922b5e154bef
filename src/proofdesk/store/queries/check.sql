-- What the self-check compares: the books against the ledger, and each against itself.

-- name: tree_size :optional
select size from tree where tenant = %(tenant)s;

-- name: leaves :many
select l.leaf_no, s.seq, l.ts, l.kind, l.canon, l.leaf_hash, l.ticket_id from leaf l
left join leaf_seq s on s.leaf_no = l.leaf_no
where l.tenant = %(tenant)s and l.leaf_no > %(after_no)s::bigint order by l.leaf_no limit 5000;

-- name: numbering :one
select (select count(*) from leaf_seq s where s.tenant = %(tenant)s)::int as numbered,
       (select coalesce(max(s.seq) + 1, 0) from leaf_seq s where s.tenant = %(tenant)s)::int as next_seq,
       coalesce((select t.size from tree t where t.tenant = %(tenant)s), 0)::int as tree_size,
       coalesce((select max(c.size) from checkpoint c where c.tenant = %(tenant)s), 0)::int as checkpointed;

-- name: effects :many
select e.effect_key, e.kind, e.state, e.ticket_id, t.status from effect e
join ticket t on t.tenant = e.tenant and t.ticket_id = e.ticket_id
where e.tenant = %(tenant)s and e.effect_key > %(after_key)s::text order by e.effect_key limit 5000;

-- name: tickets_without_due :many
select ticket_id::text as subject, status as detail from ticket
where tenant = %(tenant)s and due_at is null and status not in ('closed', 'handed_off')
order by ticket_id limit 100;

-- name: budgets_off :many
select b.scope || ' ' || b.currency || ' ' || b.window_start::text as subject,
       format('reserved %%s and spent %%s, its reservations come to %%s and %%s',
              b.reserved_minor, b.spent_minor, coalesce(r.held, 0), coalesce(r.spent, 0)) as detail
from budget b left join (
  select scope, currency, window_start, sum(amount_minor) filter (where state = 'held') as held,
         sum(amount_minor) filter (where state = 'spent') as spent
  from reservation where tenant = %(tenant)s group by scope, currency, window_start
) r on r.scope = b.scope and r.currency = b.currency and r.window_start = b.window_start
where b.tenant = %(tenant)s
  and (b.reserved_minor <> coalesce(r.held, 0) or b.spent_minor <> coalesce(r.spent, 0))
order by 1 limit 100;

-- name: reservations_off :many
select r.effect_key as subject, format('the reservation is %%s, the effect %%s', r.state, e.state) as detail
from reservation r join effect e on e.tenant = r.tenant and e.effect_key = r.effect_key
where r.tenant = %(tenant)s and not (
  (r.state = 'held' and e.state in ('intent', 'sent', 'uncertain'))
  or (r.state = 'spent' and e.state = 'confirmed')
  or (r.state = 'released' and e.state in ('refused', 'given_up', 'compensated')))
order by 1 limit 100;

-- name: events :many
select issue_id, event, at, leaf_no from resolution_event
where tenant = %(tenant)s order by issue_id, at, event;

-- name: billed :many
select issue_id, sign, kind, grade, price_minor, currency, at, contract_id, contract_version, leaf_no
from billable_event where tenant = %(tenant)s order by issue_id, sign desc;

-- name: issues_with_work :many
select distinct issue_id from ticket where tenant = %(tenant)s and due_at is not null;

-- name: contracts :many
select contract_id, version, terms, rule_hash from contract where tenant = %(tenant)s order by effective_from, version;

-- name: decisions_of_tickets :many
select ticket_id, count(*)::int as n, min(ordinal)::int as first, max(ordinal)::int as last
from decision where tenant = %(tenant)s group by ticket_id;

-- name: inbox_of_tickets :many
select i.ticket_id, count(*)::int as n, count(t.ticket_id)::int as known
from inbox i left join ticket t on t.tenant = i.tenant and t.ticket_id = i.ticket_id
where i.tenant = %(tenant)s and i.outcome in ('ticket', 'reply') group by i.ticket_id;
