-- Topics of a tenant's tickets, and what operators said about them.

-- name: lock :execute
-- One change of a tenant's topics at a time: taken first in each transaction that writes them.
select pg_advisory_xact_lock(hashtextextended('topics:' || tenant, 0)) from tenant where tenant = %(tenant)s;

-- name: texts :many
-- First words of each ticket of the time asked for, and of every example; examples first, then the newest.
select t.ticket_id, t.subject_ref, t.created_at, t.subject, m.text, t.state -> 'known' as known, e.topic_id as example_of,
  (t.created_at >= %(since)s and t.created_at < %(until)s) as within
from ticket t
join lateral (select text from message where tenant = t.tenant and ticket_id = t.ticket_id and direction = 'in' and public
              order by at, message_id limit 1) m on m.text <> '[erased]'
left join topic_example e on e.tenant = t.tenant and e.ticket_id = t.ticket_id
where t.tenant = %(tenant)s and (e.ticket_id is not null or (t.created_at >= %(since)s and t.created_at < %(until)s))
order by (e.ticket_id is null), t.created_at desc, t.ticket_id limit %(limit)s;

-- name: all :many
select topic_id, name, named_by, state, change, parents, terms, size, created_at, updated_at from topic
where tenant = %(tenant)s and (%(retired)s or state <> 'retired') order by (state = 'retired'), size desc, topic_id;

-- name: one :optional
select topic_id, name, named_by, state, change, parents, terms, size, created_at, updated_at from topic
where tenant = %(tenant)s and topic_id = %(topic_id)s;

-- name: members :many
select m.ticket_id, m.topic_id, m.score from topic_member m join topic p on p.tenant = m.tenant and p.topic_id = m.topic_id
where m.tenant = %(tenant)s and p.state <> 'retired' order by m.ticket_id;

-- name: members_of :many
select ticket_id, topic_id, score from topic_member where tenant = %(tenant)s and topic_id = %(topic_id)s
order by score desc, ticket_id limit %(limit)s;

-- name: last_run :optional
select run_id, since, until, tickets, unassigned, topics, notice, run_by, ran_at from topic_run
where tenant = %(tenant)s order by ran_at desc, run_id desc limit 1;

-- name: latest_change :one
-- Compared before and after a run's computing: a choice made meanwhile must not be overwritten.
select max(updated_at) as at from topic where tenant = %(tenant)s;

-- name: save :execute
insert into topic (tenant, topic_id, name, named_by, state, change, parents, terms, size, created_at, updated_at)
values (%(tenant)s, %(topic_id)s, %(name)s, %(named_by)s, %(state)s, %(change)s, %(parents)s::uuid[], %(terms)s::text[],
        %(size)s, %(now)s, %(now)s)
on conflict (tenant, topic_id) do update set name = excluded.name, named_by = excluded.named_by, state = excluded.state,
  change = excluded.change, parents = excluded.parents, terms = excluded.terms, size = excluded.size,
  updated_at = excluded.updated_at;

-- name: retire :execute
update topic set state = 'retired', size = 0, updated_at = %(now)s
where tenant = %(tenant)s and topic_id = any(%(topic_ids)s::uuid[]);

-- name: set_members :execute
insert into topic_member (tenant, ticket_id, topic_id, score)
select %(tenant)s, d.ticket_id, d.topic_id, d.score
from unnest(%(ticket_ids)s::uuid[], %(topic_ids)s::uuid[], %(scores)s::real[]) as d(ticket_id, topic_id, score)
on conflict (tenant, ticket_id) do update set topic_id = excluded.topic_id, score = excluded.score;

-- name: drop_members :execute
delete from topic_member where tenant = %(tenant)s and ticket_id = any(%(ticket_ids)s::uuid[]);

-- name: move_members :execute
update topic_member set topic_id = %(into_id)s where tenant = %(tenant)s and topic_id = %(topic_id)s;

-- name: set_examples :execute
insert into topic_example (tenant, ticket_id, topic_id)
select %(tenant)s, d.ticket_id, %(topic_id)s from unnest(%(ticket_ids)s::uuid[]) as d(ticket_id)
on conflict (tenant, ticket_id) do update set topic_id = excluded.topic_id;

-- name: move_examples :execute
update topic_example set topic_id = %(into_id)s where tenant = %(tenant)s and topic_id = %(topic_id)s;

-- name: count_examples :one
select count(*)::int as n from topic_example where tenant = %(tenant)s and topic_id = %(topic_id)s;

-- name: add_run :execute
insert into topic_run (tenant, run_id, since, until, tickets, unassigned, topics, notice, run_by, ran_at)
values (%(tenant)s, %(run_id)s, %(since)s, %(until)s, %(tickets)s, %(unassigned)s, %(topics)s, %(notice)s, %(run_by)s, %(now)s);
