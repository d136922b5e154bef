-- Leaves are written with the transition they record; only the sequencer numbers them.

-- name: append :execute
with written as (
  insert into leaf (tenant, ts, kind, canon, leaf_hash, ticket_id, subject_ref, ciphertext)
  select %(tenant)s, d.ts, d.kind, d.canon, d.leaf_hash, %(ticket_id)s, d.subject_ref, d.ciphertext
  from unnest(%(ts)s::text[], %(kinds)s::text[], %(canons)s::bytea[], %(hashes)s::bytea[], %(subjects)s::uuid[],
              %(ciphertexts)s::bytea[]) with ordinality as d(ts, kind, canon, leaf_hash, subject_ref, ciphertext, i)
  order by d.i
  returning leaf_no, leaf_hash
)
insert into leaf_pending (leaf_no, tenant, leaf_hash) select leaf_no, %(tenant)s, leaf_hash from written;

-- name: append_one :one
with written as (
  insert into leaf (tenant, ts, kind, canon, leaf_hash, ticket_id, subject_ref, ciphertext)
  values (%(tenant)s, %(ts)s, %(kind)s, %(canon)s, %(leaf_hash)s, %(ticket_id)s, %(subject_ref)s, %(ciphertext)s)
  returning leaf_no, leaf_hash
), waiting as (
  insert into leaf_pending (leaf_no, tenant, leaf_hash) select leaf_no, %(tenant)s, leaf_hash from written
)
select leaf_no from written;

-- name: of_ticket :many
select l.leaf_no, s.seq, l.ts, l.kind, l.canon, l.leaf_hash from leaf l
left join leaf_seq s on s.leaf_no = l.leaf_no
where l.tenant = %(tenant)s and l.ticket_id = %(ticket_id)s order by l.leaf_no;

-- name: export_page :many
-- What was sealed for an erased subject can be read by nobody; it does not leave the house again.
select s.seq, l.ts, l.kind, l.canon, l.leaf_hash, l.subject_ref,
       case when k.destroyed_at is null then l.ciphertext end as ciphertext
from leaf_seq s join leaf l on l.leaf_no = s.leaf_no
left join subject_key k on k.tenant = l.tenant and k.subject_ref = l.subject_ref
where s.tenant = %(tenant)s and s.seq >= %(from_seq)s and s.seq < %(to_seq)s order by s.seq limit 5000;

-- name: checkpoints :many
select size, root, note, at from checkpoint where tenant = %(tenant)s order by size;

-- name: latest_checkpoint :optional
select size, root, note, at from checkpoint where tenant = %(tenant)s order by size desc limit 1;

-- name: halt :optional
select reason, at from ledger_halt where tenant = %(tenant)s;

-- name: seq_of :optional
select seq from leaf_seq where tenant = %(tenant)s and leaf_no = %(leaf_no)s;

-- name: pending :one
select coalesce(sum(case when s.leaf_no is null then 1 else 0 end), 0)::int as n
from leaf l left join leaf_seq s on s.leaf_no = l.leaf_no where l.tenant = %(tenant)s;

-- name: subject_by_address :optional
select subject_ref, wrapped from subject_key
where tenant = %(tenant)s and address_hmac = %(address_hmac)s and destroyed_at is null;

-- name: subject_key :optional
select subject_ref, wrapped from subject_key where tenant = %(tenant)s and subject_ref = %(subject_ref)s;

-- name: add_subject :execute
insert into subject_key (tenant, subject_ref, address_hmac, wrapped, created_at)
values (%(tenant)s, %(subject_ref)s, %(address_hmac)s, %(wrapped)s, %(now)s)
on conflict (tenant, address_hmac) where destroyed_at is null do nothing;

-- name: destroy_subject :execute
update subject_key set wrapped = null, destroyed_at = %(now)s, address_hmac = ''
where tenant = %(tenant)s and subject_ref = %(subject_ref)s and destroyed_at is null;

-- name: tickets_of_subject :many
-- Locked: no transition of these tickets can commit before the erasure, and after it all have lost the race.
select ticket_id from ticket where tenant = %(tenant)s and subject_ref = %(subject_ref)s order by ticket_id for update;

-- name: actions_under_way :many
select e.ticket_id from effect e join ticket t on t.tenant = e.tenant and t.ticket_id = e.ticket_id
where e.tenant = %(tenant)s and t.subject_ref = %(subject_ref)s and e.kind <> 'reply' and e.state in ('intent', 'sent')
order by e.ticket_id;

-- name: give_up_replies :many
update effect e set state = 'given_up' from ticket t
where e.tenant = %(tenant)s and t.tenant = e.tenant and t.ticket_id = e.ticket_id and t.subject_ref = %(subject_ref)s
  and e.kind = 'reply' and e.state in ('intent', 'sent')
returning e.effect_key, e.ticket_id;

-- name: forget_sender :execute
update inbox i set sender_hmac = null from subject_key k
where i.tenant = %(tenant)s and k.tenant = i.tenant and k.subject_ref = %(subject_ref)s and i.sender_hmac = k.address_hmac;

-- name: forget_deliveries :execute
update inbox i set raw_hmac = null from ticket t
where i.tenant = %(tenant)s and t.tenant = i.tenant and t.ticket_id = i.ticket_id and t.subject_ref = %(subject_ref)s;

-- name: forget_messages :execute
update message m set text = '[erased]', channel_ref = '' from ticket t
where m.tenant = %(tenant)s and t.tenant = m.tenant and t.ticket_id = m.ticket_id and t.subject_ref = %(subject_ref)s;

-- name: forget_tickets :execute
update ticket set sender = '', subject = '[erased]', state = '{}'::jsonb, due_at = null, status = 'closed',
  version = version + 1, lease_until = null, updated_at = greatest(updated_at, %(now)s)
where tenant = %(tenant)s and subject_ref = %(subject_ref)s;

-- name: forget_effects :execute
update effect e set args = '{}'::jsonb, answer = null from ticket t
where e.tenant = %(tenant)s and t.tenant = e.tenant and t.ticket_id = e.ticket_id and t.subject_ref = %(subject_ref)s;

-- name: forget_approvals :execute
update approval a set args = '{}'::jsonb, expires_at = least(a.expires_at, %(now)s) from ticket t
where a.tenant = %(tenant)s and t.tenant = a.tenant and t.ticket_id = a.ticket_id and t.subject_ref = %(subject_ref)s;

-- name: forget_handoffs :execute
update handoff h set packet = '{}'::jsonb, packet_text = '[erased]', closed_at = coalesce(h.closed_at, %(now)s)
from ticket t
where h.tenant = %(tenant)s and t.tenant = h.tenant and t.ticket_id = h.ticket_id and t.subject_ref = %(subject_ref)s;
