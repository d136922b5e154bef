"""SQL expressions that read a text column as what it is meant to be, or as NULL."""


def number_sql(column: str) -> str:
    text = f"lower(trim({column}))"
    return (
        f"CASE WHEN {text} IN ('true', 'yes', 'y') THEN 1 WHEN {text} IN ('false', 'no', 'n') THEN 0"
        f" ELSE TRY_CAST(replace({text}, ',', '.') AS DOUBLE) END"
    )


def minutes_sql(column: str, title: str) -> str:
    """Plain numbers in the unit the title names (minutes without one), clock times as hours, minutes, seconds."""
    words = set(title.split())
    factor = (
        60.0 if words & {"hrs", "hours", "hour", "h"} else 1 / 60 if words & {"seconds", "secs", "sec", "s"} else 1.0
    )
    part = f"TRY_CAST(split_part(trim({column}), ':', %d) AS DOUBLE)"
    clock = f"{part % 1} * 60 + {part % 2} + coalesce({part % 3}, 0) / 60"
    return (
        f"CASE WHEN {column} LIKE '%:%' THEN {clock}"
        f" ELSE TRY_CAST(replace(trim({column}), ',', '.') AS DOUBLE) * {factor} END"
    )


def score_sql(column: str, scale: float | None) -> str:
    text = f"lower(trim({column}))"
    number = f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE)"
    scaled = f"1 + 4 * ({number} - 1) / {scale - 1}" if scale and scale not in (1, 5) else number
    return (
        f"CASE WHEN {text} IN ('good', 'satisfied', 'happy', 'extremely happy', 'very satisfied') THEN 5"
        f" WHEN {text} IN ('bad', 'dissatisfied', 'unhappy', 'very dissatisfied') THEN 1"
        f" WHEN {text} = 'neutral' THEN 3 ELSE {scaled} END"
    )


def flag_sql(column: str) -> str:
    return f"coalesce(lower(trim({column})) NOT IN ('', 'false', 'no', 'n', '0', 'none', 'null'), false)"
