"""The trail: proof that no audit entry was changed, removed or slipped in unseen.

Words: an *entry* is written in its act's own transaction (``chalicelib.audit``); a *link* binds an
entry to the one before it in its *chain*; a *head* is a chain's last link; a *root* is one day's heads,
signed and locked. ``functions/chain_audit`` links entries from the audit table's stream,
``functions/seal_audit`` makes each day's root, ``verify`` recomputes all of it:
``python -m chalicelib.trail verify --from 2026-11-01 --to 2026-11-30``.
"""
