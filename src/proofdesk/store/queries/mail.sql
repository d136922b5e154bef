-- Mails that became no ticket.

-- name: failed :one
insert into mail_fault (tenant, channel, delivery_id, attempts, first_at)
values (%(tenant)s, %(channel)s, %(delivery_id)s, 1, %(now)s)
on conflict (tenant, channel, delivery_id) do update set attempts = mail_fault.attempts + 1
returning attempts as n;

-- name: keep_raw :execute
insert into mail_raw (tenant, inbox_id, subject_ref, size_bytes, sealed)
values (%(tenant)s, %(inbox_id)s, %(subject_ref)s, %(size_bytes)s, %(sealed)s);

-- name: raw :optional
select r.subject_ref, r.size_bytes, r.sealed from mail_raw r
where r.tenant = %(tenant)s and r.inbox_id = %(inbox_id)s;

-- name: not_taken :many
select i.inbox_id, i.channel, i.received_at, i.outcome, i.reason, i.place, coalesce(r.size_bytes, 0) as size_bytes,
       r.inbox_id is not null and k.destroyed_at is null as kept
from inbox i
left join mail_raw r on r.tenant = i.tenant and r.inbox_id = i.inbox_id
left join subject_key k on k.tenant = r.tenant and k.subject_ref = r.subject_ref
where i.tenant = %(tenant)s and i.outcome = %(outcome)s and i.outcome in ('ignored', 'rejected')
order by i.received_at desc, i.inbox_id desc limit %(limit)s;

-- name: count_not_taken :one
select count(*) filter (where outcome = 'rejected')::int as rejected,
       count(*) filter (where outcome = 'ignored')::int as ignored
from inbox where tenant = %(tenant)s and outcome in ('ignored', 'rejected');
