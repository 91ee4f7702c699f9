"""A local stand-in for WeChat, WeCom, the SMS gateway and the real-name check.

Start it with ``python -m infra.sandbox``. It answers as the real systems do, limits and error codes
included, keeps what it was sent, shows it on a page and makes trouble on demand. It never calls
anybody. ``README.md`` lists the routes; tests use ``server.Sandbox`` directly.
"""
