"""What the city may know about its people as groups: disclosure control, and counts that pass through it.

Words: a *record key* is a person's stable random number, a *tally* a count with the sum of its record keys;
a *design* says which figures a standard table has and which people they are of; a *release* is what was
published on a day; a *cohort* is the people whom one service is for (a school's intake of a year, people of 65 and over).
Every figure about people leaves through ``disclosure``: totals first, then the same small noise for the same
people, then suppression. Queries read releases; no row about a person is kept here. Others import ``service`` only.
"""
