"""Thin clients for the systems outside: WeChat, WeCom, the SMS gateway, the real-name check.

One module each, with a class that is handed its address, credentials, connection pool and clock, and
a ``from_config()`` that makes it from the function's settings. ``failures`` says what can go wrong in
the three kinds a caller must tell apart: never delivered, not delivered now, and nobody knows.
"""
