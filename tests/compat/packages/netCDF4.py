"""Writes and reads variables, dimensions, compression and times in memory."""

OLD = ["netCDF4==1.6.5", "numpy==1.26.4"]
NEW = ["netCDF4==1.7.3", "numpy==2.3.5"]
CODE = "C, Cython"

import netCDF4


def work():
    import numpy as np

    with_file = netCDF4.Dataset("x.nc", "w", memory=1024)
    with_file.createDimension("day", None)
    variable = with_file.createVariable("t", "f8", ("day",), zlib=True)
    variable.units = "K"
    variable[:] = np.arange(5.0)
    content = bytes(with_file.close())
    read = netCDF4.Dataset("x.nc", memory=content)
    found = [read["t"][1:4].tolist(), read["t"].units, read.data_model, read["t"].filters()["zlib"]]
    read.close()
    day = netCDF4.num2date(1.5, "days since 2024-02-28", only_use_cftime_datetimes=False)
    return [netCDF4.__version__, netCDF4.__netcdf4libversion__, netCDF4.__hdf5libversion__, *found, str(day)]
