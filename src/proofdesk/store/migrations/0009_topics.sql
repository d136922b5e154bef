-- Topics: what tickets are about, found without labels. An operator's choices bind every later run.
create table topic (
  tenant text not null references tenant,
  topic_id uuid not null,
  name text not null check (length(name) between 1 and 120),
  named_by text not null default '',   -- a person's login; empty: the name was found
  state text not null check (state in ('suggested', 'confirmed', 'retired')),
  change text not null check (change in ('new', 'same', 'growing', 'spiking', 'merged', 'split')),
  parents uuid[] not null default '{}',
  terms text[] not null default '{}',
  size int not null check (size >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant, topic_id)
);
-- Which topic a ticket was last found in; no row: none.
create table topic_member (
  tenant text not null,
  ticket_id uuid not null,
  topic_id uuid not null,
  score real not null,
  primary key (tenant, ticket_id),
  foreign key (tenant, ticket_id) references ticket,
  foreign key (tenant, topic_id) references topic
);
create index topic_members on topic_member (tenant, topic_id, score desc);
-- The tickets by which an operator said what a topic is: they stay together, and apart from those of other topics.
create table topic_example (
  tenant text not null,
  ticket_id uuid not null,
  topic_id uuid not null,
  primary key (tenant, ticket_id),
  foreign key (tenant, ticket_id) references ticket,
  foreign key (tenant, topic_id) references topic
);
create index topic_examples on topic_example (tenant, topic_id);
create table topic_run (
  tenant text not null references tenant,
  run_id uuid not null,
  since timestamptz not null,
  until timestamptz not null,
  tickets int not null,
  unassigned int not null,
  topics int not null,
  notice text not null,
  run_by text not null,
  ran_at timestamptz not null,
  primary key (tenant, run_id)
);
create index topic_run_recent on topic_run (tenant, ran_at desc);

do $$
declare t text;
begin
  foreach t in array array['topic', 'topic_member', 'topic_example', 'topic_run'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy own_tenant on %I to proofdesk_app
      using (tenant = current_setting('proofdesk.tenant', true))
      with check (tenant = current_setting('proofdesk.tenant', true))$p$, t);
    execute format('create policy owner_maintains on %I to proofdesk_owner using (true) with check (true)', t);
  end loop;
end $$;
grant select, insert, update on topic to proofdesk_app;
grant select, insert, update, delete on topic_member, topic_example to proofdesk_app;
grant select, insert on topic_run to proofdesk_app;
