-- role: engine
-- What feed, sequencer, timers and key look-up ask of all tenants.

-- name: claim_due :many
select ticket_id, tenant, rank from engine_claim_due(%(now)s, %(limit)s, %(lease_s)s);

-- name: backlog :one
select engine_backlog(%(now)s)::int as n;

-- name: queued :one
select count(*)::int as n from queue.procrastinate_jobs where status in ('todo', 'doing');

-- name: drop_stalled :execute
-- A dead worker's job is worth nothing: the lease in the row decides who carries on.
delete from queue.procrastinate_jobs j where j.status = 'doing'
  and not exists (select 1 from queue.procrastinate_workers w where w.id = j.worker_id
                  and w.last_heartbeat > clock_timestamp() - interval '30 seconds');

-- name: take_leaves :many
select leaf_no, tenant, leaf_hash from engine_take_leaves(%(limit)s, %(aside)s::text[]);

-- name: tree :optional
select size, range from engine_tree(%(tenant)s);

-- name: append :execute
select engine_append(%(tenant)s, %(first)s, %(leaf_nos)s::bigint[], %(range)s::bytea[]);

-- name: checkpoint :execute
select engine_checkpoint(%(tenant)s, %(size)s, %(root)s, %(note)s, %(at)s);

-- name: trees :many
select tenant, size, range, checkpointed, halted from engine_trees();

-- name: halt :execute
select engine_halt(%(tenant)s, %(reason)s, %(at)s);

-- name: resume :execute
select engine_resume(%(tenant)s);

-- name: leaf_hashes :many
select seq, leaf_hash from engine_leaf_hashes(%(tenant)s, %(from_seq)s, %(limit)s);

-- name: tenants :many
select tenant from engine_tenants();

-- name: find_api_key :optional
select tenant, person_id, login, roles, secret_hash from engine_find_api_key(%(prefix)s);
