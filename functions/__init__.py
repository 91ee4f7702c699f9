"""One module a trigger that is not HTTP. Each has ``handler(event, context)``."""
