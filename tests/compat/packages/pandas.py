"""Groups, pivots, joins, parses dates and CSV, resamples a time series."""

OLD = ["pandas==1.5.3", "numpy==1.26.4"]
NEW = ["pandas==2.3.3", "numpy==2.3.5"]
CODE = "C, Cython"

import io

import pandas as pd


def work():
    frame = pd.read_csv(io.StringIO("day,shop,sold\n2024-02-28,a,3\n2024-02-29,a,5\n2024-02-29,b,7\n"), parse_dates=["day"])
    series = frame.set_index("day").sold.resample("D").sum()
    joined = frame.merge(pd.DataFrame({"shop": ["a", "b"], "town": ["Ely", "Ware"]}), on="shop")
    return [
        pd.__version__,
        frame.groupby("shop").sold.agg(["sum", "mean"]).to_dict(),
        frame.pivot_table(index="day", columns="shop", values="sold", aggfunc="sum").to_csv(),
        joined.sort_values("sold", ascending=False).town.tolist(),
        series.rolling(2).mean().tolist()[1:],
        frame.day.dt.day_name().tolist(),
        frame.to_json(orient="records", date_format="iso"),
        str(frame.describe()),
        frame.eval("sold * 2").tolist(),
        str(pd.Timestamp("2024-02-29", tz="Europe/Paris").tz_convert("UTC")),
    ]
