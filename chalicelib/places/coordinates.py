"""WGS-84 and GCJ-02, distances, and whether a point lies within a boundary.

GCJ-02 is the shifted system that maps published in China must use. Its formula is not official; this
is the one published in github.com/googollee/eviltransform and many others, written anew; the check values of
that project's tests come out exactly. Outside China the two systems are the same.
"""

from math import asin, cos, pi, radians, sin, sqrt

from chalicelib.places.model import Box, Point

# The Krasovsky 1940 ellipsoid: half the long axis in metres, and the squared eccentricity.
_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_EARTH_METRES = 6371008.8
_CHINA = Box(72.004, 0.8293, 137.8347, 55.8271)

type Ring = list[Point]


def to_gcj02(point: Point) -> Point:
    """The point as a Chinese map shows it; about 600 m off in Foshan."""
    if not _CHINA.holds(point):
        return point
    x, y = point.lon - 105.0, point.lat - 35.0
    east, north = _shift_east(x, y), _shift_north(x, y)
    angle = radians(point.lat)
    magic = 1 - _ECCENTRICITY * sin(angle) ** 2
    lat = north * 180 / (_AXIS * (1 - _ECCENTRICITY) / (magic * sqrt(magic)) * pi)
    lon = east * 180 / (_AXIS / sqrt(magic) * cos(angle) * pi)
    return Point(point.lon + lon, point.lat + lat)


def to_wgs84(point: Point) -> Point:
    """The inverse of ``to_gcj02`` by iteration; far below 0.5 m off."""
    guess = point
    for _ in range(10):
        shown = to_gcj02(guess)
        east, north = point.lon - shown.lon, point.lat - shown.lat
        guess = Point(guess.lon + east, guess.lat + north)
        if abs(east) < 1e-9 and abs(north) < 1e-9:
            break
    return guess


def _waves(v: float, *terms: tuple[float, float]) -> float:
    return sum(weight * sin(v * factor * pi) for weight, factor in terms) * 2 / 3


def _shift_east(x: float, y: float) -> float:
    value = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    return value + _waves(x, (20, 6), (20, 2), (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))


def _shift_north(x: float, y: float) -> float:
    value = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    return value + _waves(x, (20, 6), (20, 2)) + _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))


def distance(one: Point, other: Point) -> float:
    """Metres between two points of the same system, on a sphere."""
    lat1, lat2 = radians(one.lat), radians(other.lat)
    half = sin((lat2 - lat1) / 2) ** 2
    half += cos(lat1) * cos(lat2) * sin(radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH_METRES * asin(sqrt(half))


def box_of(points: list[Point]) -> Box:
    """The smallest rectangle around the points; raises ``ValueError`` when there are none."""
    lons, lats = [p.lon for p in points], [p.lat for p in points]
    return Box(min(lons), min(lats), max(lons), max(lats))


def in_ring(point: Point, ring: Ring) -> bool:
    """Whether a ray to the east crosses the ring an odd number of times."""
    inside = False
    for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (a.lat > point.lat) != (b.lat > point.lat):
            crossing = a.lon + (point.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon)
            inside ^= point.lon < crossing
    return inside
