"""Adapts values to SQL, composes queries, parses connection strings, and says why it cannot connect."""

OLD = ["psycopg2-binary==2.9.5"]
NEW = ["psycopg2-binary==2.9.11"]
CODE = "C"

import psycopg2


def work():
    import datetime

    from psycopg2 import extensions, extras, sql

    try:
        psycopg2.connect("host=127.0.0.1 port=9 dbname=x connect_timeout=5")
    except psycopg2.OperationalError as error:
        refused = str(error).splitlines()[0]
    number = extensions.new_type((23,), "NUMBER", lambda value, cursor: int(value) * 2)
    return [
        psycopg2.__version__,
        psycopg2.__libpq_version__,
        refused,
        extensions.adapt("o'clock").getquoted().decode(),
        extensions.adapt([1, None, datetime.date(2024, 2, 29)]).getquoted().decode(),
        extras.Json({"a": 1}).getquoted().decode(),
        extensions.parse_dsn("postgresql://u@h:1/d"),
        number("21", None),
        repr(sql.SQL("select {}").format(sql.Identifier("a b"))),
    ]
