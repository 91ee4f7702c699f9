"""Forms as data: what is asked, checked and shown for each kind of application.

Words: an *edition* is one version of a kind's form, a file of JSON Schema 2020-12 and hints for the screen;
the client draws it and the server checks answers by the very same schema. A *draft* is a form half filled,
sealed under its person's key. A *known fact* is what the city holds already; *prefilling* offers it with its
source and date, and whoever sees that it is wrong can say so.

No events: a draft is nobody's business but its person's.
"""
