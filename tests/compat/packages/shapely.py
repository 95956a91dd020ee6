"""Intersects, buffers and unites shapes, and reads and writes WKT and WKB."""

OLD = ["shapely==1.8.5.post1"]
NEW = ["shapely==2.1.2", "numpy==2.3.5"]
CODE = "C, Cython"

import shapely


def work():
    from shapely import wkb, wkt
    from shapely.geometry import LineString, Point, Polygon, mapping
    from shapely.ops import unary_union
    from shapely.prepared import prep
    from shapely.strtree import STRtree

    square = Polygon([(0, 0), (0, 2), (2, 2), (2, 0)])
    other = Polygon([(1, 1), (1, 3), (3, 3), (3, 1)])
    return [
        shapely.__version__,
        square.intersection(other).area,
        round(Point(0, 0).buffer(1).area, 6),
        unary_union([square, other]).area,
        wkt.loads("LINESTRING (0 0, 3 4)").length,
        wkb.loads(wkb.dumps(square)).equals(square),
        prep(square).contains(Point(1, 1)),
        mapping(LineString([(0, 0), (1, 1)]))["type"],
        len(STRtree([square, other]).query(Point(0.5, 0.5))),
    ]
