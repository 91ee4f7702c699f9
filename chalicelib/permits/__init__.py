"""The residence permit (居住证): who may have one and when, its making, its years, its code.

Words: a *ground* is one of the three that Decree 663 asks for (work, home, school); a *run* is a stretch of
residence without a gap; the *window* is the month in which a year is endorsed; a *card* is the thing that is
made, the *permit* the right it shows. An application, an endorsement and a replacement are cases; what is
accepted is *enacted* here once. Days are dates in Asia/Shanghai.

Events (rows of the table's stream): a permit was accepted, issued, endorsed, restored, replaced, cancelled,
its window opened, its last week began, it was suspended; ``tell_permits`` tells the person of each once.
"""
