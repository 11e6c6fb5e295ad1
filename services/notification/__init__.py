"""Tells whoever must act, once, on a channel that works, and climbs until somebody does."""
