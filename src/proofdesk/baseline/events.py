"""An event log folded into tickets: who opened it when, first replies, owners, solutions and reopenings."""

from typing import Final

from proofdesk.baseline.database import Database
from proofdesk.baseline.dates import epoch_sql
from proofdesk.baseline.export import Export
from proofdesk.baseline.source import LINE

KINDS: Final = {
    "reopened": "re-?open",
    "solved": "(solv|resolv|clos|complet|done|fixed)",
    "assigned": "(assign|transfer|escalat|take over|pick)",
    "customer": "(customer|requester|inbound|contact|end.?user).*(repl|messag|respon|comment)|follow.?up received",
    "internal": "(internal|private|note)",
    "reply": "(repl|respon|answer|public comment|message sent|outbound|email sent)",
    "created": "(creat|open|submit|receiv|new|insert|register)",
}
"""Tried in this order on the event's name, lower case; the first that fits says what happened."""

_GROUPS: Final = ("requester", "intent", "channel", "group", "priority", "subject")


def fold_events(export: Export) -> None:
    database, names = export.database, export.names
    kind = " ".join(
        f"WHEN regexp_matches(lower({names['event']}), '{form}') THEN '{name}'" for name, form in KINDS.items()
    )
    wanted = (*_GROUPS, "actor", "agent")
    text = {name: f"nullif(trim({names[name]}), '')" if name in names else "NULL" for name in wanted}
    chosen = ", ".join(f'{text[name]} AS "{name}"' for name in text)
    moment = epoch_sql(names["at"], export.date_order("at"), export.mapping.time_zone)
    database.run(
        f"CREATE TABLE event AS SELECT TRY_CAST({LINE} AS BIGINT) AS line, trim({names['id']}) AS id, "
        f"{moment} AS moment, trim({names['event']}) AS name, CASE {kind} ELSE 'other' END AS kind, {chosen} "
        f"FROM raw WHERE trim({names['id']}) <> ''"
    )
    for (line,) in database.rows("SELECT line FROM event WHERE moment IS NULL ORDER BY line LIMIT 100000"):
        export.problem(line, "unreadable time", "the event is left out", "at")
    database.run("DELETE FROM event WHERE moment IS NULL")
    _note_unknown(database, export.notes)
    database.run(_FOLD)
    database.run("DROP TABLE event")


def _note_unknown(database: Database, notes: list[str]) -> None:
    unknown = database.rows(
        "SELECT name, count(*) FROM event WHERE kind = 'other' GROUP BY name ORDER BY 2 DESC, 1 LIMIT 10"
    )
    if unknown:
        listed = ", ".join(f"{name} ({count})" for name, count in unknown)
        notes.append(f"events of no known meaning were counted as none: {listed}")


_BY_AGENT: Final = "coalesce(lower(actor), 'agent') NOT SIMILAR TO '.*(customer|requester|end.?user|contact).*'"
_BY_PERSON: Final = (
    f"{_BY_AGENT} AND coalesce(lower(actor), 'agent') NOT SIMILAR TO '.*(bot|ai|system|automation|trigger).*'"
)

_FOLD: Final = f"""
INSERT INTO ticket (file, line, id, spam, merged, created, first_reply, first_human, solved, reopened, reopens, replies,
                    owners, status, requester, intent, channel, "group", priority, subject)
WITH solution AS (SELECT id, min(moment) AS first, max(moment) AS last FROM event WHERE kind = 'solved' GROUP BY id),
again AS (
    SELECT e.id, min(e.moment) AS first, max(e.moment) AS last, count(*) AS times
    FROM event e JOIN solution s USING (id) WHERE e.kind = 'reopened' AND e.moment > s.first GROUP BY e.id
)
SELECT 0, min(line), e.id, false, false, min(moment),
       min(moment) FILTER (kind = 'reply' AND {_BY_AGENT}),
       min(moment) FILTER (kind = 'reply' AND {_BY_PERSON} AND actor IS NOT NULL),
       any_value(s.first), any_value(a.first), coalesce(any_value(a.times), 0),
       count(*) FILTER (kind = 'reply' AND {_BY_PERSON}),
       greatest(count(DISTINCT agent) FILTER ({_BY_PERSON}), count(*) FILTER (kind = 'assigned'), 1),
       CASE WHEN any_value(s.last) IS NULL OR any_value(a.last) > any_value(s.last) THEN 'open' ELSE 'solved' END,
       any_value(requester), any_value(intent), any_value(channel), any_value("group"), any_value(priority),
       any_value(subject)
FROM event e LEFT JOIN solution s USING (id) LEFT JOIN again a USING (id)
GROUP BY e.id
"""
