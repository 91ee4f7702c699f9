"""Live counters: how many cases, visits and registrations, by region and hour, right after they happen.

Words: a *metric* is what is counted; a *contribution* is what one record adds to it; a *flow* counts
what happened in a period, a *gauge* what is in force at its end. Changes arrive from the streams of
``cases``, ``residence`` and ``fieldwork`` (``functions/count_changes``); the nightly
``functions/rebuild_counters`` counts the records again and reports any difference.
"""
