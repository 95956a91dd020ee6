"""Selects, groups and interpolates labelled arrays, and writes and reads netCDF; pandas and h5netcdf beneath it."""

OLD = ["xarray==2022.12.0", "numpy==1.24.4", "pandas==1.5.3", "scipy==1.9.3"]
NEW = ["xarray==2025.10.1", "numpy==2.3.5", "pandas==2.3.3", "scipy==1.16.3"]
CODE = "C, Cython (numpy, pandas, scipy)"


def work():
    import numpy as np
    import pandas as pd
    import xarray as xr

    days = pd.date_range("2024-02-01", periods=60)
    data = xr.Dataset({"t": (("day", "x"), np.arange(120.0).reshape(60, 2))}, {"day": days, "x": [0.0, 1.0]})
    again = xr.open_dataset(_file(data), engine="scipy")
    return [
        xr.__version__,
        data.t.groupby("day.month").mean().values.tolist(),
        float(data.t.interp(x=0.5).sel(day="2024-02-03")),
        data.resample(day="30D").sum().t.shape,
        bool(again.t.equals(data.t)),
        data.to_dataframe().index.names,
    ]


def _file(data):
    import io

    return io.BytesIO(bytes(data.to_netcdf(engine="scipy")))
