-- Knowledge: what the company has written down. Versions and sections are never changed or deleted, so that an answer
-- given last month still resolves to the text it cited; a section is in force while retired_gen is null.
create table knowledge_state (
  tenant text primary key references tenant,
  generation bigint not null check (generation > 0),   -- grows with each changed document
  changed_at timestamptz not null
);
create table knowledge_document (
  tenant text not null references tenant,
  document_id uuid not null,
  source text not null check (length(source) between 1 and 2000),
  collection text not null,
  file text not null,            -- the input it came from: itself, or an archive or export that holds it
  version int not null check (version > 0),
  input_sha256 text not null,    -- of an input that is this one document; else ''
  state text not null check (state in ('live', 'removed')),
  changed_at timestamptz not null,
  primary key (tenant, document_id),
  unique (tenant, source)
);
create index knowledge_collection on knowledge_document (tenant, collection, file);
create table knowledge_version (
  tenant text not null,
  document_id uuid not null,
  version int not null check (version > 0),
  title text not null,
  text text not null,
  language text not null,
  product text[] not null,
  region text[] not null,
  tier text[] not null,
  audience text not null check (audience in ('public', 'internal')),
  valid_from date,
  valid_to date,
  owner text not null,
  link text not null,
  notes text[] not null,
  content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
  ingested_by text not null,
  ingested_at timestamptz not null,
  primary key (tenant, document_id, version),
  foreign key (tenant, document_id) references knowledge_document,
  check (valid_from <= valid_to)
);
create table knowledge_section (
  tenant text not null,
  section_id uuid not null,
  document_id uuid not null,
  version int not null,
  ordinal int not null,
  path text[] not null,
  text text not null,
  span_start int not null,
  span_end int not null,
  suspect boolean not null,      -- speaks to a machine instead of to a reader
  added_gen bigint not null,
  retired_gen bigint,
  primary key (tenant, section_id),
  unique (tenant, document_id, version, ordinal),
  foreign key (tenant, document_id, version) references knowledge_version,
  check (span_end - span_start = length(text))
);
create index knowledge_section_live on knowledge_section (tenant, document_id) where retired_gen is null;
create index knowledge_section_added on knowledge_section (tenant, added_gen);
create index knowledge_section_retired on knowledge_section (tenant, retired_gen) where retired_gen is not null;

do $$
declare t text;
begin
  foreach t in array array['knowledge_state', 'knowledge_document', 'knowledge_version', 'knowledge_section'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy own_tenant on %I to proofdesk_app
      using (tenant = current_setting('proofdesk.tenant', true))
      with check (tenant = current_setting('proofdesk.tenant', true))$p$, t);
    execute format('create policy owner_maintains on %I to proofdesk_owner using (true) with check (true)', t);
  end loop;
end $$;
grant select, insert, update on knowledge_state, knowledge_document to proofdesk_app;
grant select, insert on knowledge_version, knowledge_section to proofdesk_app;
grant update (retired_gen) on knowledge_section to proofdesk_app;
