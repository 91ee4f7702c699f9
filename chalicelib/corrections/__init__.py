"""Corrections: somebody says that what the city knows of them is wrong (PIPL art. 46).

Words: a *fact* is what forms are prefilled with (``forms/facts.json``); its *owner* is the department that can
set it right. A correction is a case of kind ``correction``: that department's reviewer looks, by hand; what it
does not agree to goes to a coordinator, and one may appeal.

No events of its own: the case's are enough. Nothing here changes the department's data; the department does.
"""
