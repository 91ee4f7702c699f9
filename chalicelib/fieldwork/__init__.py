"""Visits for grid workers: inviting people whom departments know and who are not registered.

Words: a *finding* is what the comparison says (a person, a place, which departments saw them and why that
counts); a *visit* is one invitation to one person at one place, ever; a *batch* is the findings that came
together; a *digest* tells a worker that a batch brought visits, without naming anybody; the *load* is
how many visits a worker has on a day. The rules that a government may change (life, capacity, what
counts as a signal) are editions in ``policy.json``.

Events (from the table's stream): a visit was planned, done, expired or withdrawn (the person registered
meanwhile). What visits found feeds back as the precision of each combination of sources.
"""
