"""School places (积分入学): who gets a place at which school, why, and how anybody can check it.

Words: a *plan* is a year's schools with their classes; an *application* a child's ranked wishes; a *run* gives out the places of
one year, district, grade and round; a *class* (优先类别) is a published order of groups at a school (policy pupils before points
pupils); a *lot* orders those whom class, points and tie-break leave equal. A run is opened, closed and sealed, allocated, checked,
made public and at last final; the second round gives out what the first left, in the whole district.

Events (from the table of cases): an application was accepted or withdrawn.
"""
