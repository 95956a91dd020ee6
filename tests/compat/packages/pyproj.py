"""Transforms coordinates, measures on the ellipsoid, and describes reference systems."""

OLD = ["pyproj==3.4.1"]
NEW = ["pyproj==3.7.2"]
CODE = "Cython, C++"

import pyproj


def work():
    transform = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    x, y = transform.transform(2.35, 48.85)
    ahead, back, distance = pyproj.Geod(ellps="WGS84").inv(2.35, 48.85, -0.12, 51.5)
    return [
        pyproj.__version__,
        [round(x, 2), round(y, 2)],
        round(distance),
        pyproj.CRS("EPSG:2154").name,
        pyproj.CRS.from_user_input("+proj=utm +zone=31").to_epsg(),
        pyproj.proj_version_str,
    ]
