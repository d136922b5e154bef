-- Tickets, messages, issues and what was decided about them.

-- name: load :optional
select ticket_id, issue_id, subject_ref, channel, sender, sender_verified, subject, status, state, version, priority,
       head_start_s, due_at, created_at
from ticket where tenant = %(tenant)s and ticket_id = %(ticket_id)s;

-- name: insert :execute
insert into ticket (tenant, ticket_id, issue_id, subject_ref, channel, sender, sender_verified, subject, status, state,
                    priority, due_at, created_at, updated_at)
values (%(tenant)s, %(ticket_id)s, %(issue_id)s, %(subject_ref)s, %(channel)s, %(sender)s, %(sender_verified)s,
        %(subject)s, 'new', %(state)s, %(priority)s, %(now)s, %(now)s, %(now)s);

-- name: move :execute
-- The compare-and-swap every transition passes through: no row means another worker was here first, or that the
-- tenant's ledger is stopped: what cannot be proven is not done.
update ticket set status = %(status)s, state = %(state)s, priority = %(priority)s,
  head_start_s = %(head_start_s)s, due_at = %(due_at)s,
  version = version + 1, updated_at = greatest(updated_at, %(now)s),
  lease_until = case when %(lease_s)s::float8 > 0 then clock_timestamp() + make_interval(secs => %(lease_s)s::float8) end
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and version = %(version)s
  and not exists (select 1 from ledger_halt h where h.tenant = %(tenant)s);

-- name: release :execute
update ticket set lease_until = null
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and version = %(version)s;

-- name: renew :execute
-- Whoever works on it is alive. A moved version means that it is another's now.
update ticket set lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s::float8)
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and version = %(version)s;

-- name: wake :execute
-- A signal (an answer, an approval): due now, whatever it waited for.
update ticket set due_at = %(now)s, status = case when status = 'new' then 'new' else 'open' end, state = %(state)s, version = version + 1, lease_until = null,
  updated_at = greatest(updated_at, %(now)s)
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and version = %(version)s;

-- name: lock :optional
select ticket_id, issue_id, subject_ref, channel, sender, sender_verified, subject, status, state, version, priority,
       head_start_s, due_at, created_at
from ticket where tenant = %(tenant)s and ticket_id = %(ticket_id)s for update;

-- name: recent :many
select ticket_id, issue_id, subject_ref, channel, sender, sender_verified, subject, status, state, version, priority,
       head_start_s, due_at, created_at
from ticket where tenant = %(tenant)s and (%(status)s = '' or status = %(status)s)
order by created_at desc, ticket_id desc limit %(limit)s offset %(offset)s;

-- name: count_by_status :many
select status, count(*)::int as n from ticket where tenant = %(tenant)s group by status order by status;

-- name: add_message :execute
insert into message (tenant, message_id, ticket_id, at, direction, author, public, text, channel_ref)
values (%(tenant)s, %(message_id)s, %(ticket_id)s, %(at)s, %(direction)s, %(author)s, %(public)s, %(text)s, %(channel_ref)s);

-- name: messages :many
select message_id, at, direction, author, public, text, channel_ref from message
where tenant = %(tenant)s and ticket_id = %(ticket_id)s order by at, message_id;

-- name: insert_issue :execute
insert into issue (tenant, issue_id, subject_ref, matter, opened_at, last_contact_at)
values (%(tenant)s, %(issue_id)s, %(subject_ref)s, '', %(now)s, %(now)s);

-- name: touch_issue :execute
update issue set last_contact_at = greatest(last_contact_at, %(now)s)
where tenant = %(tenant)s and issue_id = %(issue_id)s;

-- name: add_decisions :execute
insert into decision (tenant, decision_id, ticket_id, ordinal, at, kind, facts, facts_hash, output, output_hash)
select %(tenant)s, d.decision_id, %(ticket_id)s, d.ordinal, %(at)s, d.kind, d.facts, d.facts_hash, d.output, d.output_hash
from unnest(%(decision_ids)s::uuid[], %(ordinals)s::int[], %(kinds)s::text[], %(facts)s::bytea[], %(facts_hashes)s::bytea[],
            %(outputs)s::bytea[], %(output_hashes)s::bytea[])
  as d(decision_id, ordinal, kind, facts, facts_hash, output, output_hash);

-- name: first_ordinal :one
-- Decisions made before a ticket is worked on (how its messages came in) count down from -1.
select least(min(ordinal), 0)::int as n from decision where tenant = %(tenant)s and ticket_id = %(ticket_id)s;

-- name: decisions :many
select decision_id, ordinal, at, kind, facts, facts_hash, output, output_hash from decision
where tenant = %(tenant)s and ticket_id = %(ticket_id)s order by ordinal;

-- name: add_handoff :execute
insert into handoff (tenant, handoff_id, ticket_id, queue, reason, packet, packet_text, sla_due_at, created_at)
values (%(tenant)s, %(handoff_id)s, %(ticket_id)s, %(queue)s, %(reason)s, %(packet)s, %(packet_text)s, %(sla_due_at)s, %(now)s)
on conflict (tenant, ticket_id) where closed_at is null do nothing;

-- name: handoffs :many
select handoff_id, ticket_id, queue, reason, packet_text, sla_due_at, created_at, accepted_by, closed_at from handoff
where tenant = %(tenant)s and closed_at is null order by created_at limit %(limit)s;

-- name: handoff_of :optional
select handoff_id, ticket_id, queue, reason, packet, packet_text, sla_due_at, created_at, accepted_by, closed_at from handoff
where tenant = %(tenant)s and ticket_id = %(ticket_id)s order by created_at desc limit 1;

-- name: accept_handoff :execute
update handoff set accepted_by = %(login)s, accepted_at = %(now)s
where tenant = %(tenant)s and handoff_id = %(handoff_id)s and accepted_by is null and closed_at is null;

-- name: close_handoff :execute
update handoff set closed_at = %(now)s
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and closed_at is null;

-- name: start_timer :execute
insert into sla_timer (tenant, ticket_id, kind, started_at, due_at)
values (%(tenant)s, %(ticket_id)s, %(kind)s, %(started_at)s, %(due_at)s) on conflict do nothing;

-- name: meet_timer :execute
update sla_timer set met_at = %(now)s
where tenant = %(tenant)s and ticket_id = %(ticket_id)s and kind = %(kind)s and met_at is null;

-- name: timers :many
select kind, started_at, due_at, met_at from sla_timer
where tenant = %(tenant)s and ticket_id = %(ticket_id)s order by started_at, kind;

-- name: inbox_add :execute
insert into inbox (tenant, inbox_id, channel, delivery_id, received_at, raw_hmac, outcome, reason, ticket_id, sender_hmac,
                   brought_by, place)
values (%(tenant)s, %(inbox_id)s, %(channel)s, %(delivery_id)s, %(now)s, %(raw_hmac)s, %(outcome)s, %(reason)s,
        %(ticket_id)s, %(sender_hmac)s, %(brought_by)s, %(place)s)
on conflict (tenant, channel, delivery_id) do nothing;

-- name: had_a_hand :one
-- Messages this login brought into the ticket, and handoffs of it that it took over.
select ((select count(*) from inbox
         where tenant = %(tenant)s and ticket_id = %(ticket_id)s and brought_by <> '' and lower(brought_by) = lower(%(login)s::text))
      + (select count(*) from handoff
         where tenant = %(tenant)s and ticket_id = %(ticket_id)s and lower(accepted_by) = lower(%(login)s::text)))::int as n;

-- name: inbox_of :optional
select i.outcome, i.reason, i.ticket_id, t.subject_ref, i.raw_hmac
from inbox i left join ticket t on t.tenant = i.tenant and t.ticket_id = i.ticket_id
where i.tenant = %(tenant)s and i.channel = %(channel)s and i.delivery_id = %(delivery_id)s;

-- name: mails_of_machine :one
-- Machine-made mails carry the HMAC of their sender; other messages do not.
select count(*)::int as n from inbox
where tenant = %(tenant)s and sender_hmac = %(sender_hmac)s and received_at > %(since)s;

-- name: replies_to :one
select count(*)::int as n from effect
where tenant = %(tenant)s and kind = 'reply' and lower(args ->> 'to') = lower(%(address)s::text) and created_at > %(since)s;

-- name: codes_to :one
select count(*)::int as n from effect
where tenant = %(tenant)s and kind = 'reply' and lower(args ->> 'to') = lower(%(address)s::text) and created_at > %(since)s
  and args ->> 'code' = 'true';

-- name: messages_of_refs :many
select m.channel_ref, t.ticket_id, t.sender from message m
join ticket t on t.tenant = m.tenant and t.ticket_id = m.ticket_id
where m.tenant = %(tenant)s and m.channel_ref = any(%(refs)s::text[]) and m.channel_ref <> ''
order by m.at desc limit 200;

-- name: cursor :optional
select cursor from channel_cursor where tenant = %(tenant)s and channel = %(channel)s;

-- name: set_cursor :execute
insert into channel_cursor (tenant, channel, cursor, updated_at) values (%(tenant)s, %(channel)s, %(cursor)s, %(now)s)
on conflict (tenant, channel) do update set cursor = excluded.cursor, updated_at = excluded.updated_at;
