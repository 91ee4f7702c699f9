"""Seasons of points (积分季): applications, their verification, ranking lists, and what follows from them.

Words: a *claim* is what an applicant says of one indicator, an *answer* what a department's data or a
person established; *evidence* is the record behind it. The *decision* is an application's points, sealed with
everything they came from, so that they can be computed again. A *ranking* is one list of a scope, area and
period: made, shown in public with masked names, objected to, settled, final. A *place* is a line of it.
The rules of points are the policy's (context ``points``); who gets which school is ``schooling``'s.

Events: none of its own. Cases of its kinds go through the stream of ``cases``, and ``enact`` and ``follow``
act on them.
"""
