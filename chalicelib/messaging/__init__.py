"""Messages to people and staff: WeChat, WeCom, SMS and the inbox in the mini-program.

Words: a *message* is one thing said to one receiver about one event, ever; a *template* is a text with
places to fill (``templates.json``); the *consent budget* is how many WeChat messages a person has
allowed (a one-time consent is exactly one); a *receipt* is what became of one attempt.

States: ``queued`` → ``sending`` → ``sent``, ``rejected`` (the receiver's system refused it for good),
``unknown`` (its answer was lost: nobody knows, so nobody sends again) or ``failed`` (given up).
An attempt that certainly did not arrive goes back to ``queued`` and is made again later.
"""
