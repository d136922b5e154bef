-- What the loop guards of e-mail count: machine-made mails from, and replies to, one address.
-- The address itself is not kept: an HMAC under the installation's key, wiped when the person is erased.
alter table inbox add column sender_hmac bytea;
create index inbox_of_sender on inbox (tenant, sender_hmac, received_at) where sender_hmac is not null;
create index effect_reply_to on effect (tenant, lower(args ->> 'to'), created_at) where kind = 'reply';
