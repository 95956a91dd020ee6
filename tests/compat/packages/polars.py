"""Groups, joins, and runs a lazy query and SQL."""

OLD = ["polars==0.18.15"]
NEW = ["polars==1.35.2"]
CODE = "Rust"

import io

import polars as pl


def work():
    frame = pl.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 5]})
    lazy = frame.lazy().filter(pl.col("x") > 1).with_columns((pl.col("x") * 2).alias("y"))
    other = pl.DataFrame({"k": ["a", "b"], "town": ["Ely", "Ware"]})
    file = io.BytesIO()
    frame.write_parquet(file)
    return [
        pl.__version__,
        lazy.collect().to_dicts(),
        frame.join(other, on="k").sort("x")["town"].to_list(),
        pl.SQLContext(t=frame).execute("select k, sum(x) as s from t group by k order by k").collect().rows(),
        pl.read_parquet(io.BytesIO(file.getvalue())).shape,
        frame.select(pl.col("x").map_elements(lambda x: x + 1) if hasattr(pl.Expr, "map_elements") else pl.col("x").apply(lambda x: x + 1)).rows(),
    ]
