-- The token vault of each data subject.

-- name: lock_subject :optional
-- One giver of tokens at a time: two of them would give one number to two values. Erasure waits for it too.
select subject_ref, wrapped from subject_key
where tenant = %(tenant)s and subject_ref = %(subject_ref)s for no key update;

-- name: of_subject :many
select token, sealed from pii_token where tenant = %(tenant)s and subject_ref = %(subject_ref)s order by token;

-- name: known :many
-- What the records said about the subject when each of their tickets was read; the newest tickets first.
select state -> 'known' as known from ticket
where tenant = %(tenant)s and subject_ref = %(subject_ref)s and jsonb_array_length(coalesce(state -> 'known', '[]')) > 0
order by created_at desc limit %(limit)s;

-- name: add :execute
insert into pii_token (tenant, subject_ref, token, sealed, created_at)
select %(tenant)s, %(subject_ref)s, d.token, d.sealed, %(now)s
from unnest(%(tokens)s::text[], %(sealed)s::bytea[]) as d(token, sealed);

-- name: forget :execute
delete from pii_token where tenant = %(tenant)s and subject_ref = %(subject_ref)s;
