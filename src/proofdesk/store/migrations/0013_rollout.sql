-- Who may be acted for: the KPI contract, each procedure's rung, reviewers' labels, outcomes, and the stop switch.
create table kpi_contract (
  tenant text not null references tenant,
  version int not null check (version > 0),
  terms jsonb not null,
  signed_by text not null,
  signed_at timestamptz not null,
  primary key (tenant, version)
);
create table rollout (
  tenant text not null references tenant,
  procedure text not null,
  percent int not null check (percent in (0, 1, 5, 25, 50, 100)),
  holdout_ppm int not null check (holdout_ppm between 0 and 1000000),
  tiers text[] not null default '{}',
  jurisdictions text[] not null default '{}',
  channels text[] not null default '{}',
  changed_by text not null,
  changed_at timestamptz not null,
  reason text not null default '',
  primary key (tenant, procedure)
);
-- What a reviewer said of the worker's decision; one word per ticket, procedure and reviewer.
create table rollout_label (
  tenant text not null,
  ticket_id uuid not null,
  procedure text not null,
  reviewer text not null,
  worker_right boolean not null,
  human_right boolean,
  breach boolean not null default false,
  at timestamptz not null,
  primary key (tenant, ticket_id, procedure, reviewer),
  foreign key (tenant, ticket_id) references ticket
);
create index rollout_labels on rollout_label (tenant, procedure, at);
-- What became of tickets that were acted on: bad means reopened, or judged wrong afterwards.
create table rollout_outcome (
  tenant text not null,
  ticket_id uuid not null,
  procedure text not null,
  bad boolean not null,
  kind text not null check (kind in ('kept', 'reopened', 'judged_wrong', 'breach')),
  at timestamptz not null,
  primary key (tenant, ticket_id, procedure, kind),
  foreign key (tenant, ticket_id) references ticket
);
create index rollout_outcomes on rollout_outcome (tenant, procedure, at);
-- While a row stands, no action of the tenant is begun.
create table action_stop (
  tenant text not null references tenant,
  stopped_by text not null,
  reason text not null,
  stopped_at timestamptz not null,
  primary key (tenant)
);

do $$
declare t text;
begin
  foreach t in array array['kpi_contract', 'rollout', 'rollout_label', 'rollout_outcome', 'action_stop'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format($p$create policy own_tenant on %I to proofdesk_app
      using (tenant = current_setting('proofdesk.tenant', true))
      with check (tenant = current_setting('proofdesk.tenant', true))$p$, t);
    execute format('create policy owner_maintains on %I to proofdesk_owner using (true) with check (true)', t);
  end loop;
end $$;
grant select, insert on kpi_contract, rollout_outcome to proofdesk_app;
grant select, insert, update on rollout, rollout_label to proofdesk_app;
grant select, insert, delete on action_stop to proofdesk_app;
