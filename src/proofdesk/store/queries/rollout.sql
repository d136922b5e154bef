-- Cohorts, gates and the stop switch.

-- name: contract :optional
select version, terms, signed_by, signed_at from kpi_contract where tenant = %(tenant)s order by version desc limit 1;

-- name: sign :execute
insert into kpi_contract (tenant, version, terms, signed_by, signed_at)
values (%(tenant)s, %(version)s, %(terms)s, %(login)s, %(now)s);

-- name: all :many
select procedure, percent, holdout_ppm, tiers, jurisdictions, channels, changed_by, changed_at, reason from rollout
where tenant = %(tenant)s order by procedure;

-- name: lock :optional
select procedure, percent, holdout_ppm, tiers, jurisdictions, channels, changed_by, changed_at, reason from rollout
where tenant = %(tenant)s and procedure = %(procedure)s for update;

-- name: save :execute
insert into rollout (tenant, procedure, percent, holdout_ppm, tiers, jurisdictions, channels, changed_by, changed_at, reason)
values (%(tenant)s, %(procedure)s, %(percent)s, %(holdout_ppm)s, %(tiers)s, %(jurisdictions)s, %(channels)s, %(login)s,
        %(now)s, %(reason)s)
on conflict (tenant, procedure) do update set percent = excluded.percent, holdout_ppm = excluded.holdout_ppm,
  tiers = excluded.tiers, jurisdictions = excluded.jurisdictions, channels = excluded.channels,
  changed_by = excluded.changed_by, changed_at = excluded.changed_at, reason = excluded.reason;

-- name: stop :optional
select stopped_by, reason, stopped_at from action_stop where tenant = %(tenant)s;

-- name: set_stop :execute
insert into action_stop (tenant, stopped_by, reason, stopped_at)
values (%(tenant)s, %(login)s, %(reason)s, %(now)s) on conflict (tenant) do nothing;

-- name: lift_stop :execute
delete from action_stop where tenant = %(tenant)s;

-- name: say :execute
insert into rollout_label (tenant, ticket_id, procedure, reviewer, worker_right, human_right, breach, at)
values (%(tenant)s, %(ticket_id)s, %(procedure)s, %(login)s, %(worker_right)s, %(human_right)s, %(breach)s, %(now)s)
on conflict (tenant, ticket_id, procedure, reviewer) do update set worker_right = excluded.worker_right,
  human_right = excluded.human_right, breach = excluded.breach;

-- name: labels :many
-- One per ticket, the first reviewer's: a second opinion is for agreement, not for more evidence.
select distinct on (at, ticket_id) ticket_id, reviewer, worker_right, human_right, breach, at from rollout_label l
where tenant = %(tenant)s and procedure = %(procedure)s
  and not exists (select from rollout_label e where e.tenant = l.tenant and e.ticket_id = l.ticket_id
                  and e.procedure = l.procedure and (e.at, e.reviewer) < (l.at, l.reviewer))
order by at, ticket_id limit %(limit)s;

-- name: add_outcome :execute
insert into rollout_outcome (tenant, ticket_id, procedure, bad, kind, at)
values (%(tenant)s, %(ticket_id)s, %(procedure)s, %(bad)s, %(kind)s, %(now)s) on conflict do nothing;

-- name: outcomes :many
select ticket_id, bad, kind, at from rollout_outcome
where tenant = %(tenant)s and procedure = %(procedure)s and at >= %(since)s order by at, ticket_id limit %(limit)s;
