-- What people look at: read by the API and the command line, never by the engine.

-- name: handoff :optional
select handoff_id, ticket_id, queue, reason, packet, packet_text, sla_due_at, created_at, accepted_by, closed_at from handoff
where tenant = %(tenant)s and handoff_id = %(handoff_id)s;

-- name: open_by_reason :many
select reason, count(*)::int as n from handoff where tenant = %(tenant)s and closed_at is null
group by reason order by n desc, reason;

-- name: unnumbered_events :one
-- Resolution events whose leaf waits for its number; looks back as far as `unnumbered`.
select count(*)::int as n from leaf l
join resolution_event e on e.tenant = l.tenant and e.at = l.ts::timestamptz and e.leaf_no = l.leaf_no
where l.tenant = %(tenant)s and l.kind = 'resolution.event'
  and l.leaf_no > coalesce((select s.leaf_no from leaf_seq s where s.tenant = %(tenant)s
                            order by s.seq desc offset %(look_back)s limit 1), -1)
  and not exists (select 1 from leaf_seq s where s.leaf_no = l.leaf_no);

-- name: events_near :many
-- All events of the issues that have one in this time. Keyset paging over the primary key. An event whose leaf has no
-- number yet comes with a null seq.
select e.issue_id, e.event, e.at, s.seq from resolution_event e left join leaf_seq s on s.leaf_no = e.leaf_no
where e.tenant = %(tenant)s
  and e.issue_id in (select n.issue_id from resolution_event n
                     where n.tenant = %(tenant)s and n.at >= %(from_at)s and n.at < %(to_at)s)
  and (e.issue_id, e.event, e.at) > (%(after_issue)s, %(after_event)s, %(after_at)s)
order by e.issue_id, e.event, e.at limit %(limit)s;

-- name: contracts :many
select terms, rule_hash, effective_from from contract where tenant = %(tenant)s order by effective_from, version;

-- name: leaf :optional
select s.seq, l.ts, l.kind, l.canon, l.leaf_hash, l.subject_ref, l.ciphertext
from leaf_seq s join leaf l on l.leaf_no = s.leaf_no where s.tenant = %(tenant)s and s.seq = %(seq)s;

-- name: leaf_hashes :many
select s.seq, l.leaf_hash from leaf_seq s join leaf l on l.leaf_no = s.leaf_no
where s.tenant = %(tenant)s and s.seq >= %(from_seq)s and s.seq < %(to_seq)s order by s.seq;

-- name: unnumbered :one
-- Looks back over the last numbers only: a leaf waits 100 ms for its number, not longer than that many leaves.
select count(*)::int as n from leaf l where l.tenant = %(tenant)s
  and l.leaf_no > coalesce((select s.leaf_no from leaf_seq s where s.tenant = %(tenant)s
                            order by s.seq desc offset %(look_back)s limit 1), -1)
  and not exists (select 1 from leaf_seq s where s.leaf_no = l.leaf_no);
