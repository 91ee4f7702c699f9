"""Something in the city is not as it should be: reported once, handled by whose task it is, answered, rated.

Words: a *category* says whose task it is (a department, or the town itself) and by when; a *report* is what somebody tells the
city, and is a case; its *matter* is the thing itself, at a place, without the reporter; a *supporter* says "me too" to a
matter instead of reporting it again; *clearing* is a member of staff wording what the public map may say. Categories,
owners, deadlines and limits are editions in ``policy.json``.

Events (from the table of cases): a report was taken on, handed over, answered, found not fixed, rated. A matter whose case is
over leaves the neighbourhood list by itself.
"""
