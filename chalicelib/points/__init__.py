"""Points (积分): policies as documents, scores with receipts, what-if, and the same policy as SQL for a whole city.

Words: a *policy* is a published measure, of which each *edition* (id and version) is one document that is never changed
once it is signed. It serves *scopes* (school admission, hukou). An *indicator* (指标) says how something that is
true of a person becomes points; its *mode* is how. *Groups* (指标类) add up indicators and may have a *cap*, which is a
most that counts, like an indicator's own. Of an *exclusive set* only the highest counts. A *veto* (一票否决) stops a scope
whatever the total. A *qualification* is a condition without points; the *threshold* is the least total. An *answer* is what
is true of the person for one indicator, as the contract's "Points answers" has it. A *score* has a *line* for each answer:
its receipt. *Next best* are the smallest changes that would add points.

Other contexts use ``service.policy``, ``service.policy_in_force``, ``service.score`` and ``service.policy_hash``; what they hand
round is in ``model`` (the document, ``Evidence``, ``Score``). No events: nobody's score is kept here.
"""
