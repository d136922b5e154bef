-- No mail is ever without a list or a person: what became no ticket can be listed, found in its mailbox and read.
alter table inbox add column place text not null default '';
create index inbox_not_taken on inbox (tenant, outcome, received_at) where outcome in ('ignored', 'rejected');

-- The mail as it came, sealed under its sender's key (or, where nobody can be read out of it, under one of its own).
create table mail_raw (
  tenant text not null references tenant,
  inbox_id uuid not null,
  subject_ref uuid not null,
  size_bytes bigint not null check (size_bytes >= 0),
  sealed bytea not null,
  primary key (tenant, inbox_id),
  foreign key (tenant, inbox_id) references inbox
);
-- Mails that could not be taken in by a fault of ours, and how often that was tried.
create table mail_fault (
  tenant text not null references tenant,
  channel text not null,
  delivery_id text not null,
  attempts int not null check (attempts > 0),
  first_at timestamptz not null,
  primary key (tenant, channel, delivery_id)
);
do $$
declare t text;
begin
  foreach t in array array['mail_raw', 'mail_fault'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy own_tenant on %I to proofdesk_app
      using (tenant = current_setting('proofdesk.tenant', true))
      with check (tenant = current_setting('proofdesk.tenant', true))$p$, t);
    execute format('create policy owner_maintains on %I to proofdesk_owner using (true) with check (true)', t);
  end loop;
end $$;
grant select, insert on mail_raw to proofdesk_app;
grant select, insert, update on mail_fault to proofdesk_app;
