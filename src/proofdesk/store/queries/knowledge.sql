-- Documents, their versions and sections.

-- name: lock :execute
-- One change of a tenant's knowledge at a time, so that generations are committed in their order.
select pg_advisory_xact_lock(hashtextextended('knowledge:' || tenant, 0)) from tenant where tenant = %(tenant)s;

-- name: next_generation :one
insert into knowledge_state (tenant, generation, changed_at) values (%(tenant)s, 1, %(now)s)
on conflict (tenant) do update set generation = knowledge_state.generation + 1, changed_at = excluded.changed_at
returning generation;

-- name: generation :optional
select generation from knowledge_state where tenant = %(tenant)s;

-- name: by_source :optional
select d.document_id, d.source, d.collection, d.file, d.version, d.input_sha256, d.state, v.content_sha256
from knowledge_document d
join knowledge_version v on v.tenant = d.tenant and v.document_id = d.document_id and v.version = d.version
where d.tenant = %(tenant)s and d.source = %(source)s;

-- name: of_collection :many
-- What is in force of one collection.
select d.document_id, d.source, d.collection, d.file, d.version, d.input_sha256, d.state, v.content_sha256
from knowledge_document d
join knowledge_version v on v.tenant = d.tenant and v.document_id = d.document_id and v.version = d.version
where d.tenant = %(tenant)s and d.collection = %(collection)s and d.state = 'live'
order by d.source;

-- name: save_document :execute
insert into knowledge_document (tenant, document_id, source, collection, file, version, input_sha256, state, changed_at)
values (%(tenant)s, %(document_id)s, %(source)s, %(collection)s, %(file)s, %(version)s, %(input_sha256)s, 'live', %(now)s)
on conflict (tenant, document_id) do update set file = excluded.file, version = excluded.version,
  input_sha256 = excluded.input_sha256, state = 'live', changed_at = excluded.changed_at;

-- name: same_again :execute
-- The same content from an input with other bytes.
update knowledge_document set input_sha256 = %(input_sha256)s, file = %(file)s
where tenant = %(tenant)s and document_id = %(document_id)s;

-- name: remove_document :execute
update knowledge_document set state = 'removed', input_sha256 = '', changed_at = %(now)s
where tenant = %(tenant)s and document_id = %(document_id)s and state = 'live';

-- name: add_version :execute
insert into knowledge_version (tenant, document_id, version, title, text, language, product, region, tier, audience,
  valid_from, valid_to, owner, link, notes, content_sha256, ingested_by, ingested_at)
values (%(tenant)s, %(document_id)s, %(version)s, %(title)s, %(text)s, %(language)s, %(product)s::text[],
  %(region)s::text[], %(tier)s::text[], %(audience)s, %(valid_from)s::date, %(valid_to)s::date, %(owner)s, %(link)s,
  %(notes)s::text[], %(content_sha256)s, %(by)s, %(now)s);

-- name: add_sections :execute
insert into knowledge_section (tenant, section_id, document_id, version, ordinal, path, text, span_start, span_end,
  suspect, added_gen)
select %(tenant)s, d.section_id, %(document_id)s, %(version)s, d.ordinal,
  array(select jsonb_array_elements_text(d.path)), d.text, d.span_start, d.span_end, d.suspect, %(generation)s
from jsonb_to_recordset(%(sections)s) as d(section_id uuid, ordinal int, path jsonb, text text, span_start int,
  span_end int, suspect boolean);

-- name: retire_sections :execute
update knowledge_section set retired_gen = %(generation)s
where tenant = %(tenant)s and document_id = %(document_id)s and retired_gen is null;

-- name: documents :many
select d.document_id, d.source, d.collection, d.version, d.state, d.changed_at, v.title, v.language, v.product,
  v.region, v.tier, v.audience, v.valid_from, v.valid_to, v.owner, v.link, v.notes,
  (select count(*)::int from knowledge_section s
   where s.tenant = d.tenant and s.document_id = d.document_id and s.version = d.version) as sections
from knowledge_document d
join knowledge_version v on v.tenant = d.tenant and v.document_id = d.document_id and v.version = d.version
where d.tenant = %(tenant)s and (%(removed)s or d.state = 'live')
  and (%(collection)s = '' or d.collection = %(collection)s)
order by d.source limit %(limit)s offset %(offset)s;

-- name: version :optional
-- One version of a document; 0: its newest.
select d.document_id, d.source, d.collection, d.state, d.version as newest, v.version, v.title, v.text, v.language,
  v.product, v.region, v.tier, v.audience, v.valid_from, v.valid_to, v.owner, v.link, v.notes, v.content_sha256,
  v.ingested_by, v.ingested_at
from knowledge_document d
join knowledge_version v on v.tenant = d.tenant and v.document_id = d.document_id
  and v.version = case when %(version)s::int = 0 then d.version else %(version)s::int end
where d.tenant = %(tenant)s and d.document_id = %(document_id)s;

-- name: sections_of :many
select section_id, ordinal, path, text, span_start, span_end, suspect from knowledge_section
where tenant = %(tenant)s and document_id = %(document_id)s and version = %(version)s order by ordinal;

-- name: sections :many
-- Sections by id, of any version: what an answer cited is found for ever.
select s.section_id, s.document_id, s.version, s.path, s.text, s.span_start, s.span_end, s.suspect,
  (s.retired_gen is null) as live, v.title, v.language, v.product, v.region, v.tier, v.audience, v.valid_from,
  v.valid_to, v.link
from knowledge_section s
join knowledge_version v on v.tenant = s.tenant and v.document_id = s.document_id and v.version = s.version
where s.tenant = %(tenant)s and s.section_id = any(%(section_ids)s::uuid[]);

-- name: admitted :many
-- Of these sections, those in force that this reader may see today. A text without language, region or tier holds
-- for all; a reader without one is shown all, except that customers never see what is not public or is suspect.
select s.section_id, s.document_id, s.version, s.path, s.text, s.span_start, s.span_end, s.suspect, true as live,
  v.title, v.language, v.product, v.region, v.tier, v.audience, v.valid_from, v.valid_to, v.link
from knowledge_section s
join knowledge_version v on v.tenant = s.tenant and v.document_id = s.document_id and v.version = s.version
where s.tenant = %(tenant)s and s.section_id = any(%(section_ids)s::uuid[]) and s.retired_gen is null
  and (%(internal)s or (v.audience = 'public' and not s.suspect))
  and (v.valid_from is null or v.valid_from <= %(today)s::date)
  and (v.valid_to is null or v.valid_to >= %(today)s::date)
  and (%(language)s = '' or v.language = '' or v.language = %(language)s)
  and (%(region)s = '' or v.region = '{}' or %(region)s = any(v.region))
  and (%(tier)s = '' or v.tier = '{}' or %(tier)s = any(v.tier));

-- name: changed_documents :many
-- Documents whose sections in force changed after a generation.
select distinct document_id from knowledge_section
where tenant = %(tenant)s and (added_gen > %(generation)s or retired_gen > %(generation)s) order by document_id;

-- name: in_force :many
-- What is in force now of these documents, or of all where none is named; in the order of documents.
select s.section_id, s.document_id, s.version, s.path, s.text, s.span_start, s.span_end, s.suspect, true as live,
  v.title, v.language, v.product, v.region, v.tier, v.audience, v.valid_from, v.valid_to, v.link
from knowledge_section s
join knowledge_version v on v.tenant = s.tenant and v.document_id = s.document_id and v.version = s.version
where s.tenant = %(tenant)s and s.retired_gen is null
  and (%(everything)s or s.document_id = any(%(document_ids)s::uuid[]))
  and s.document_id > %(after)s
order by s.document_id, s.ordinal limit %(limit)s;
