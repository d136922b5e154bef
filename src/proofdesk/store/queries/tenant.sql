-- Tenants, their configuration, people and keys.

-- name: create :execute
insert into tenant (tenant, name, created_at) values (%(tenant)s, %(name)s, %(now)s) on conflict do nothing;

-- name: one :optional
select tenant, name from tenant where tenant = %(tenant)s;

-- name: add_blobs :execute
insert into config_blob (tenant, hash, content)
select %(tenant)s, d.hash, d.content from unnest(%(hashes)s::text[], %(contents)s::bytea[]) as d(hash, content)
on conflict do nothing;

-- name: add_revision :execute
insert into config_revision (tenant, revision, files, hash, loaded_by, loaded_at)
values (%(tenant)s, %(revision)s, %(files)s, %(hash)s, %(loaded_by)s, %(now)s);

-- name: revision :optional
select revision, files, hash from config_revision where tenant = %(tenant)s order by revision desc limit 1;

-- name: blobs :many
select hash, content from config_blob where tenant = %(tenant)s and hash = any(%(hashes)s::text[]);

-- name: add_rule :execute
insert into rule_version (tenant, kind, hash, name, version, source, first_loaded_at)
values (%(tenant)s, %(kind)s, %(hash)s, %(name)s, %(version)s, %(source)s, %(now)s) on conflict do nothing;

-- name: rule :optional
select name, version, source from rule_version where tenant = %(tenant)s and kind = %(kind)s and hash = %(hash)s;

-- name: add_model :execute
insert into model_version (tenant, model_hash, content, trained_at)
values (%(tenant)s, %(model_hash)s, %(content)s, %(now)s) on conflict do nothing;

-- name: model :optional
select content from model_version where tenant = %(tenant)s and model_hash = %(model_hash)s;

-- name: add_person :execute
insert into person (tenant, person_id, login, roles, created_at)
values (%(tenant)s, %(person_id)s, %(login)s, %(roles)s, %(now)s)
on conflict (tenant, login) do update set roles = excluded.roles;

-- name: person_by_login :optional
select person_id, login, roles from person where tenant = %(tenant)s and login = %(login)s and disabled_at is null;

-- name: people :many
select person_id, login, roles from person where tenant = %(tenant)s and disabled_at is null order by login;

-- name: add_key :execute
insert into api_key (tenant, prefix, person_id, secret_hash, created_at)
values (%(tenant)s, %(prefix)s, %(person_id)s, %(secret_hash)s, %(now)s);

-- name: revoke_key :execute
update api_key set revoked_at = %(now)s where tenant = %(tenant)s and prefix = %(prefix)s and revoked_at is null;
