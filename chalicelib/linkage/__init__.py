"""Comparing sources: which rows are the same person, and who is seen in the city and not registered.

Words: a *key* is what rows of one person share (here: the exact identity number, as its keyed hash in
the cloud and as itself in the command); a *cluster* is the rows of one person; a *signal* is a
department's recent sighting of a person at an address; signals of one *independence* group count once.
A *candidate* has at least two independent signals or a strong one and is not registered; a *finding*
is a candidate that was checked against live registrations, one for each person and place, ever.

``comparison`` is the SQL both ways share, ``command`` the comparison of a folder of files, on DuckDB or, by ``spark_engine``, on Spark.
In the cloud ``searching`` is one run: ``parts`` and ``arrivals`` say what is new, ``increments`` compares it,
``lasting`` names persons by the rules of ``clusters`` and ``persons``, ``state`` and ``keeping`` remember,
``questions`` and ``reviews`` bring the unsure before people, ``finder`` searches. Others import ``service`` only.

Events: a message on queue ``visits`` for each batch of new findings.
"""
