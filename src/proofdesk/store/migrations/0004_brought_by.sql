-- Four eyes: whose API key brought a message in. That login gives no verdict on what the ticket then asks for.
alter table inbox add column brought_by text not null default '';
create index inbox_of_ticket on inbox (tenant, ticket_id) where brought_by <> '';
