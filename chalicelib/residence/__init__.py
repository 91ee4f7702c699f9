"""Where new citizens live: registration, moves, departures (permits build on it).

Words: a *registration* is one stay at one dwelling; a person's *standing* says which one is in force, or
that the person has left the city. A registration begins as a case of kind ``residence_registration``,
filed by the resident, by a landlord for a tenant (who confirms) or by staff with the person present;
accepted, it is *enacted* once.

Events (from the table's stream): a registration came into force, moved, or ended.
"""
