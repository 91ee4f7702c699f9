"""Who people and staff are, and who looked at whose data.

Words: an *account* (``U…``) is one WeChat user; a *person* (``P…``) is one human being, known by a
sealed ID number, with or without an account; *binding* joins the two after a real-name check. A
*person key* is a keyed hash of the ID number: files carry it, and a mapping row leads from it to the
person, so that changing the hash's secret rewrites mappings and never people. *Staff* have roles and
region scopes. A *disclosure* is the note that a member of staff looked at a person, and why.

Other contexts call ``service``; what they hold about a person takes part in export, deletion and
staff look-ups through ``service.contribute``. ``tokens`` signs sessions and receipts.
"""
