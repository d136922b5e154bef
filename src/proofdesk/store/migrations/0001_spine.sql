-- The spine: tenants, people, tickets, effects, ledger. Every table carries its tenant and row-level security.
-- Ids are made by the application (UUIDv7). Money is integer minor units. Nothing is ever half true:
-- CHECKs and unique keys forbid what must not happen.

create table tenant (
  tenant text primary key check (tenant ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name text not null,
  created_at timestamptz not null
);

-- Configuration files of a tenant, content-addressed; a revision names which content each path has.
create table config_blob (
  tenant text not null references tenant,
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  content bytea not null,
  primary key (tenant, hash)
);
create table config_revision (
  tenant text not null references tenant,
  revision int not null check (revision > 0),
  files jsonb not null,
  hash text not null,
  loaded_by text not null,
  loaded_at timestamptz not null,
  primary key (tenant, revision)
);
-- What past decisions refer to by hash: procedures and policy sets, ever loaded.
create table rule_version (
  tenant text not null references tenant,
  kind text not null check (kind in ('procedure', 'policy')),
  hash text not null,
  name text not null,
  version int not null,
  source jsonb not null,
  first_loaded_at timestamptz not null,
  primary key (tenant, kind, hash)
);
create table model_version (
  tenant text not null references tenant,
  model_hash text not null,
  content bytea not null,
  trained_at timestamptz not null,
  primary key (tenant, model_hash)
);

create table person (
  tenant text not null references tenant,
  person_id uuid not null,
  login text not null check (login ~ '^[a-z0-9][a-z0-9._@+-]{0,126}$'),
  roles text[] not null check (roles <@ array['manager', 'agent', 'approver', 'finance', 'auditor', 'administrator', 'requester_api']),
  created_at timestamptz not null,
  disabled_at timestamptz,
  primary key (tenant, person_id),
  unique (tenant, login)
);
create table api_key (
  tenant text not null,
  prefix text not null unique check (length(prefix) = 12),
  person_id uuid not null,
  secret_hash bytea not null check (length(secret_hash) = 32),
  created_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant, prefix),
  foreign key (tenant, person_id) references person
);

-- Personal data is sealed under a key per data subject; erasing destroys the key.
create table subject_key (
  tenant text not null references tenant,
  subject_ref uuid not null,
  address_hmac bytea not null,
  wrapped bytea,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  primary key (tenant, subject_ref),
  check ((wrapped is null) = (destroyed_at is not null))
);
create unique index subject_key_address on subject_key (tenant, address_hmac) where destroyed_at is null;

create table inbox (
  tenant text not null references tenant,
  inbox_id uuid not null,
  channel text not null,
  delivery_id text not null,
  received_at timestamptz not null,
  raw_sha256 bytea not null,
  outcome text not null check (outcome in ('ticket', 'reply', 'ignored', 'rejected', 'duplicate')),
  reason text not null default '',
  ticket_id uuid,
  primary key (tenant, inbox_id),
  unique (tenant, channel, delivery_id)
);
create table channel_cursor (
  tenant text not null references tenant,
  channel text not null,
  cursor jsonb not null,
  updated_at timestamptz not null,
  primary key (tenant, channel)
);

create table issue (
  tenant text not null references tenant,
  issue_id uuid not null,
  subject_ref uuid not null,
  matter text not null default '',
  opened_at timestamptz not null,
  last_contact_at timestamptz not null,
  primary key (tenant, issue_id)
);
create index issue_of_subject on issue (tenant, subject_ref, last_contact_at desc);

create table ticket (
  tenant text not null references tenant,
  ticket_id uuid not null,
  issue_id uuid not null,
  subject_ref uuid not null,
  channel text not null,
  sender text not null,
  sender_verified boolean not null,
  subject text not null,
  status text not null check (status in ('new', 'open', 'waiting_requester', 'waiting_approval', 'waiting_window',
                                         'handed_off', 'solved', 'closed')),
  state jsonb not null,
  version int not null default 0,
  priority int not null default 2 check (priority between 1 and 4),
  due_at timestamptz,
  lease_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant, ticket_id),
  foreign key (tenant, issue_id) references issue,
  -- Every ticket that is not closed or with a person always has a due time: nothing can be forgotten.
  check (due_at is not null or status in ('closed', 'handed_off'))
) with (fillfactor = 70);
create index ticket_due on ticket (tenant, priority, due_at) where due_at is not null;
create index ticket_recent on ticket (tenant, created_at desc);
create index ticket_of_issue on ticket (tenant, issue_id);

create table message (
  tenant text not null,
  message_id uuid not null,
  ticket_id uuid not null,
  at timestamptz not null,
  direction text not null check (direction in ('in', 'out')),
  author text not null check (author in ('requester', 'worker', 'agent', 'system')),
  public boolean not null default true,
  text text not null,
  channel_ref text not null default '',
  primary key (tenant, message_id),
  foreign key (tenant, ticket_id) references ticket
);
create index message_of_ticket on message (tenant, ticket_id, at);
create index message_channel_ref on message (tenant, channel_ref) where channel_ref <> '';

create table decision (
  tenant text not null,
  decision_id uuid not null,
  ticket_id uuid not null,
  ordinal int not null,
  at timestamptz not null,
  kind text not null,
  facts bytea not null,
  facts_hash bytea not null,
  output bytea not null,
  output_hash bytea not null,
  primary key (tenant, decision_id),
  unique (tenant, ticket_id, ordinal),
  foreign key (tenant, ticket_id) references ticket
);

create table effect (
  tenant text not null,
  effect_key text not null,
  ticket_id uuid not null,
  kind text not null check (kind in ('action', 'compensation', 'reply')),
  capability text not null,
  args jsonb not null,
  args_hash text not null,
  amount_minor bigint not null default 0 check (amount_minor >= 0),
  currency text not null default '',
  idempotency text not null check (idempotency in ('A', 'B', 'C', 'D')),
  state text not null check (state in ('intent', 'sent', 'confirmed', 'refused', 'uncertain', 'compensated', 'given_up')),
  attempts int not null default 0 check (attempts between 0 and 20),
  answer jsonb,
  receipt jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant, effect_key),
  foreign key (tenant, ticket_id) references ticket,
  -- An effect counts as confirmed only with the receipt of its read-back (a reply has its delivery id).
  check (state <> 'confirmed' or receipt is not null)
);
create index effect_of_ticket on effect (tenant, ticket_id);

create table approval (
  tenant text not null,
  approval_id uuid not null,
  ticket_id uuid not null,
  action_hash text not null,
  capability text not null,
  args jsonb not null,
  amount_minor bigint not null,
  currency text not null,
  policy_hash text not null,
  requested_by text not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  verdict text check (verdict in ('approved', 'rejected')),
  decided_by text,
  decided_at timestamptz,
  used_at timestamptz,
  primary key (tenant, approval_id),
  foreign key (tenant, ticket_id) references ticket,
  check ((verdict is null) = (decided_by is null)),
  check (decided_by is null or decided_by <> requested_by),
  check (used_at is null or verdict = 'approved')
);
create index approval_open on approval (tenant, ticket_id) where used_at is null;

create table budget (
  tenant text not null references tenant,
  scope text not null,
  window_start timestamptz not null,
  currency text not null,
  limit_minor bigint not null check (limit_minor >= 0),
  reserved_minor bigint not null default 0 check (reserved_minor >= 0),
  spent_minor bigint not null default 0 check (spent_minor >= 0),
  primary key (tenant, scope, window_start),
  check (reserved_minor + spent_minor <= limit_minor)
);
create table reservation (
  tenant text not null,
  effect_key text not null,
  scope text not null,
  window_start timestamptz not null,
  amount_minor bigint not null check (amount_minor > 0),
  state text not null check (state in ('held', 'spent', 'released')),
  primary key (tenant, effect_key, scope),
  foreign key (tenant, effect_key) references effect,
  foreign key (tenant, scope, window_start) references budget
);

create table handoff (
  tenant text not null,
  handoff_id uuid not null,
  ticket_id uuid not null,
  queue text not null,
  reason text not null,
  packet jsonb not null,
  packet_text text not null,
  sla_due_at timestamptz,
  created_at timestamptz not null,
  accepted_by text,
  accepted_at timestamptz,
  closed_at timestamptz,
  primary key (tenant, handoff_id),
  foreign key (tenant, ticket_id) references ticket
);
create unique index handoff_one_open on handoff (tenant, ticket_id) where closed_at is null;

create table sla_timer (
  tenant text not null,
  ticket_id uuid not null,
  kind text not null check (kind in ('first_response', 'next_response', 'resolution')),
  started_at timestamptz not null,
  due_at timestamptz not null,
  met_at timestamptz,
  primary key (tenant, ticket_id, kind, started_at),
  foreign key (tenant, ticket_id) references ticket
);

create table resolution_event (
  tenant text not null,
  issue_id uuid not null,
  event text not null check (event in ('proposed', 'customer_confirmed', 'system_state_verified', 'customer_contact',
    'human_takeover', 'human_reply', 'human_requested', 'approved', 'reopened', 'csat_negative', 'qa_fail',
    'action_rolled_back', 'deflected', 'abandoned', 'dispute_opened', 'dispute_rejected', 'dispute_upheld')),
  at timestamptz not null,
  ticket_id uuid not null,
  leaf_no bigint not null,
  primary key (tenant, issue_id, event, at),
  foreign key (tenant, issue_id) references issue
);

create table contract (
  tenant text not null references tenant,
  contract_id text not null,
  version int not null check (version > 0),
  terms jsonb not null,
  rule_hash text not null,
  effective_from timestamptz not null,
  primary key (tenant, contract_id, version)
);
create table billable_event (
  tenant text not null,
  issue_id uuid not null,
  sign int not null check (sign in (1, -1)),
  kind text not null,
  grade text not null,
  price_minor bigint not null check (price_minor >= 0),
  currency text not null,
  at timestamptz not null,
  contract_id text not null,
  contract_version int not null,
  leaf_no bigint not null,
  -- The charge key: an issue is charged once and credited once, whatever happens.
  primary key (tenant, issue_id, sign),
  foreign key (tenant, issue_id) references issue,
  foreign key (tenant, contract_id, contract_version) references contract
);
create index billable_by_time on billable_event (tenant, at);

-- The ledger. A leaf is written with the transition it records; the sequencer numbers it within 100 ms.
create table leaf (
  leaf_no bigint generated always as identity primary key,
  tenant text not null references tenant,
  ts text not null,
  kind text not null,
  canon bytea not null,
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  ticket_id uuid,
  subject_ref uuid,
  ciphertext bytea
);
create index leaf_of_ticket on leaf (tenant, ticket_id, leaf_no) where ticket_id is not null;
create table leaf_pending (
  leaf_no bigint primary key,
  tenant text not null,
  leaf_hash bytea not null
);
create table leaf_seq (
  tenant text not null,
  seq bigint not null check (seq >= 0),
  leaf_no bigint not null unique references leaf,
  primary key (tenant, seq)
);
create table tree (
  tenant text primary key references tenant,
  size bigint not null,
  range bytea[] not null
);
create table checkpoint (
  tenant text not null references tenant,
  size bigint not null,
  root bytea not null,
  note text not null,
  at timestamptz not null,
  primary key (tenant, size)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: % on % refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger leaf_append_only before update or delete on leaf for each row execute function refuse_change();
create trigger leaf_no_truncate before truncate on leaf for each statement execute function refuse_change();
create trigger leaf_seq_append_only before update or delete on leaf_seq for each row execute function refuse_change();
create trigger leaf_seq_no_truncate before truncate on leaf_seq for each statement execute function refuse_change();
create trigger checkpoint_append_only before update or delete on checkpoint for each row execute function refuse_change();
create trigger checkpoint_no_truncate before truncate on checkpoint for each statement execute function refuse_change();

-- Tenant isolation in the database itself.
do $$
declare t text;
begin
  foreach t in array array['tenant', 'config_blob', 'config_revision', 'rule_version', 'model_version', 'person', 'api_key',
    'subject_key', 'inbox', 'channel_cursor', 'issue', 'ticket', 'message', 'decision', 'effect', 'approval', 'budget',
    'reservation', 'handoff', 'sla_timer', 'resolution_event', 'contract', 'billable_event', 'leaf', 'leaf_pending',
    'leaf_seq', 'tree', 'checkpoint'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy own_tenant on %I to proofdesk_app
      using (tenant = current_setting('proofdesk.tenant', true))
      with check (tenant = current_setting('proofdesk.tenant', true))$p$, t);
    execute format('create policy owner_maintains on %I to proofdesk_owner using (true) with check (true)', t);
  end loop;
end $$;

grant select, insert, update on tenant, person, api_key, subject_key, inbox, channel_cursor, issue, ticket, message,
  effect, approval, budget, reservation, handoff, sla_timer, resolution_event to proofdesk_app;
grant select, insert on config_blob, config_revision, rule_version, model_version, decision, contract,
  billable_event, leaf to proofdesk_app;
grant insert on leaf_pending to proofdesk_app;
grant select on leaf_seq, tree, checkpoint to proofdesk_app;
