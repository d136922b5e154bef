-- A plain hash of a message is found again by whoever guesses its words. What an inbox row keeps of the text is an HMAC
-- under the data subject's key, wiped when the person is erased; its delivery_id is one under the installation's key.
alter table inbox rename column raw_sha256 to raw_hmac;
alter table inbox alter column raw_hmac drop not null;
update inbox set raw_hmac = null;
