-- Effects outside, their approvals and their budgets.

-- name: intend :execute
-- A key that is there already breaks the transaction: the same change is never begun twice as if it were new.
insert into effect (tenant, effect_key, ticket_id, kind, capability, args, args_hash, amount_minor, currency, idempotency,
                    state, created_at, updated_at)
values (%(tenant)s, %(effect_key)s, %(ticket_id)s, %(kind)s, %(capability)s, %(args)s, %(args_hash)s, %(amount_minor)s,
        %(currency)s, %(idempotency)s, 'intent', %(now)s, %(now)s);

-- name: load :optional
select effect_key, ticket_id, kind, capability, args, args_hash, amount_minor, currency, idempotency, state, attempts,
       answer, receipt
from effect where tenant = %(tenant)s and effect_key = %(effect_key)s;

-- name: attempt :execute
-- Written before the call goes out: after a crash it is known that the other side may have been reached.
update effect set attempts = attempts + 1, state = 'sent', updated_at = %(now)s
where tenant = %(tenant)s and effect_key = %(effect_key)s and state in ('intent', 'sent', 'uncertain');

-- name: settle :execute
update effect set state = %(state)s, answer = %(answer)s, receipt = %(receipt)s, updated_at = %(now)s
where tenant = %(tenant)s and effect_key = %(effect_key)s and state in ('intent', 'sent', 'uncertain');

-- name: compensated :execute
update effect set state = 'compensated', updated_at = %(now)s
where tenant = %(tenant)s and effect_key = %(effect_key)s and state = 'confirmed';

-- name: return_reservation :execute
-- What was undone and seen undone is no longer spent, in the window it was spent in.
with returned as (
  update reservation set state = 'released'
  where tenant = %(tenant)s and effect_key = %(effect_key)s and state = 'spent'
  returning scope, currency, window_start, amount_minor
)
update budget b set spent_minor = b.spent_minor - r.amount_minor
from returned r where b.tenant = %(tenant)s and b.scope = r.scope and b.currency = r.currency
  and b.window_start = r.window_start;

-- name: of_ticket :many
select effect_key, ticket_id, kind, capability, args, args_hash, amount_minor, currency, idempotency, state, attempts,
       answer, receipt
from effect where tenant = %(tenant)s and ticket_id = %(ticket_id)s order by created_at, effect_key;

-- name: request_approval :execute
insert into approval (tenant, approval_id, ticket_id, action_hash, capability, args, amount_minor, currency, policy_hash,
                      requested_by, requested_at, expires_at)
values (%(tenant)s, %(approval_id)s, %(ticket_id)s, %(action_hash)s, %(capability)s, %(args)s, %(amount_minor)s,
        %(currency)s, %(policy_hash)s, %(requested_by)s, %(now)s, %(expires_at)s);

-- name: approval :optional
select approval_id, ticket_id, action_hash, capability, args, amount_minor, currency, policy_hash, requested_by,
       requested_at, expires_at, verdict, decided_by, decided_at, used_at
from approval where tenant = %(tenant)s and approval_id = %(approval_id)s;

-- name: approvals_open :many
-- Those a ticket waits for now: one that was overtaken by a later one, by an answer or by a person is none of them.
select a.approval_id, a.ticket_id, a.action_hash, a.capability, a.args, a.amount_minor, a.currency, a.policy_hash,
       a.requested_by, a.requested_at, a.expires_at, a.verdict, a.decided_by, a.decided_at, a.used_at
from approval a join ticket t on t.tenant = a.tenant and t.ticket_id = a.ticket_id
where a.tenant = %(tenant)s and a.verdict is null and a.expires_at > %(now)s
  and t.status = 'waiting_approval' and t.state ->> 'approval_id' = a.approval_id::text
order by a.requested_at limit %(limit)s;

-- name: decide_approval :execute
update approval set verdict = %(verdict)s, decided_by = %(decided_by)s, decided_at = %(now)s
where tenant = %(tenant)s and approval_id = %(approval_id)s and verdict is null and expires_at > %(now)s;

-- name: use_approval :execute
update approval set used_at = %(now)s
where tenant = %(tenant)s and approval_id = %(approval_id)s and verdict = 'approved' and used_at is null;

-- name: open_budget :execute
insert into budget (tenant, scope, currency, window_start, limit_minor)
values (%(tenant)s, %(scope)s, %(currency)s, %(window_start)s, %(limit_minor)s) on conflict do nothing;

-- name: budget :optional
select reserved_minor, spent_minor from budget
where tenant = %(tenant)s and scope = %(scope)s and currency = %(currency)s and window_start = %(window_start)s;

-- name: reserve :execute
-- The row lock makes concurrent reservations wait for each other; none can pass the limit in force now, which may be
-- lower than the one the window began with.
update budget set reserved_minor = reserved_minor + %(amount_minor)s, limit_minor = %(limit_minor)s
where tenant = %(tenant)s and scope = %(scope)s and currency = %(currency)s and window_start = %(window_start)s
  and reserved_minor + spent_minor + %(amount_minor)s <= %(limit_minor)s;

-- name: hold :execute
insert into reservation (tenant, effect_key, scope, currency, window_start, amount_minor, state)
values (%(tenant)s, %(effect_key)s, %(scope)s, %(currency)s, %(window_start)s, %(amount_minor)s, 'held');

-- name: settle_reservation :execute
with settled as (
  update reservation set state = %(state)s
  where tenant = %(tenant)s and effect_key = %(effect_key)s and state = 'held'
  returning scope, currency, window_start, amount_minor
)
update budget b set reserved_minor = b.reserved_minor - s.amount_minor,
  spent_minor = b.spent_minor + case when %(state)s = 'spent' then s.amount_minor else 0 end
from settled s where b.tenant = %(tenant)s and b.scope = s.scope and b.currency = s.currency
  and b.window_start = s.window_start;
