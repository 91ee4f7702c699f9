"""Where things are: divisions, standard addresses, buildings, rooms, coordinates.

Words: a *division* is the city, a district, a town (or street) or a community, with the code of a
*scheme*: ``nbs``, the statistics bureau's, is the one used everywhere; ``mca``, the civil-affairs
ministry's, gives 8 of the same codes to other towns, so a code never travels without its scheme. A
*standard address* comes from the city's address list; an address that somebody typed is *resolved*
to one, or gets a building code of its own when the list does not have it. A *grid* is a part of a
community that one grid worker looks after.

Coordinates are WGS-84 inside; GCJ-02, which Chinese maps and mini-programs use, only at the edge.

``divisions`` holds the tree and the boundaries, ``address`` reads typed addresses, ``coordinates``
converts, ``index`` is the search index (SQLite FTS5) that ``listing`` makes, ``published`` fetches its
newest version from S3, ``store`` keeps what was first seen beyond the list. Others import ``service`` only.

Events: none. The index is published by ``python -m chalicelib.places``.
"""
