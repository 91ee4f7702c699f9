"""Department data: what other departments send, how it is checked, and what of it is kept.

Words: a *contract* is the data file that says what a source sends, on which legal basis, for which
purpose and how long it is kept (``contracts/*.json``; adding a source is adding a file). An *arrival*
is one delivered file. The *report* says how many rows were received, accepted and rejected and why;
the *repair file* holds each rejected row as it came, with what to do about it. *Curated* rows carry
person keys and no name, number or phone; the *clear* columns, which fuzzy comparison needs, live in
the linkage zone under their own key. Count feeds are reduced to counts by area and hour on arrival.

``values`` reads single values, ``checking`` rows, ``reading`` files; ``staging`` sorts what was
accepted into buckets and ``zones`` writes it to S3. Others import ``service`` only.

Events: a message on queue ``comparisons`` for each file that changed what is known, and messages on
queue ``imports`` for the pieces of the old register.
"""
