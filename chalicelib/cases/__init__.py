"""The one application engine. Whatever a citizen asks for is a case.

Words: a *kind* is a file of data (states, transitions, checks, documents, deadlines); a *check* is one
department's answer to one case; the *join* is the write that records the last open check and moves the
case on, exactly once; an *event* is a line of the timeline.

Events (from the table's stream): a check opened (``CHECK#`` inserted) asks for its verification; a case
whose ``state`` changed tells its owner and the context that owns the kind.
"""
