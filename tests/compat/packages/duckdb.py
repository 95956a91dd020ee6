"""Queries with window functions, reads CSV and Parquet, and calls back into Python."""

OLD = ["duckdb==0.8.1", "numpy==1.26.4"]
NEW = ["duckdb==1.4.2", "numpy==2.3.5"]
CODE = "C++ (pybind11)"

import tempfile

import duckdb


def work():
    with duckdb.connect(":memory:") as base, tempfile.TemporaryDirectory() as folder:
        base.execute("create table sale as select range as n, range % 3 as shop from range(10)")
        base.execute(f"copy sale to '{folder}/sale.parquet' (format parquet)")
        base.create_function("twice", lambda x: x * 2, ["BIGINT"], "BIGINT")
        try:
            base.execute("select nothing")
        except duckdb.Error as error:
            wrong = type(error).__name__
        return [
            duckdb.__version__,
            base.execute("select shop, sum(n) from sale group by shop order by shop").fetchall(),
            base.execute(f"select count(*) from '{folder}/sale.parquet'").fetchone(),
            base.execute("select n, row_number() over (order by n desc) from sale limit 1").fetchall(),
            base.execute("select twice(n) from sale order by n limit 3").fetchall(),
            wrong,
        ]
