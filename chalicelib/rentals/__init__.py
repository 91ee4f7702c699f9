"""Leases filed with the city, by the landlord or, where the landlord does not, by the tenant.

Words: a *filing* tells the city of a lease that was signed, a *change* that its terms are others, an *end* that it is over;
each is a case that the other party confirms. A *lease* is what is in force after a filing was accepted; its *certificate*
has a number and a QR code that anybody can verify without learning who lives where. What may be let, how many people
a room may hold and how much deposit may be taken are editions in ``rules.json``.

Events (from the table of cases): a filing, change or end was accepted.
"""
