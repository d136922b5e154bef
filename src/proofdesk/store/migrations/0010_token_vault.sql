-- The token vault: what stands behind ⟦PERSON_1⟧ in a redacted text. Sealed under the data subject's key, so that
-- nobody can put a value back once that key is destroyed.
create table pii_token (
  tenant text not null,
  subject_ref uuid not null,
  token text not null,
  sealed bytea not null,
  created_at timestamptz not null,
  primary key (tenant, subject_ref, token),
  foreign key (tenant, subject_ref) references subject_key
);

alter table pii_token enable row level security;
alter table pii_token force row level security;
create policy own_tenant on pii_token to proofdesk_app
  using (tenant = current_setting('proofdesk.tenant', true))
  with check (tenant = current_setting('proofdesk.tenant', true));
create policy owner_maintains on pii_token to proofdesk_owner using (true) with check (true);
grant select, insert, delete on pii_token to proofdesk_app;

create index ticket_of_subject on ticket (tenant, subject_ref, created_at desc);
