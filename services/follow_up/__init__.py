"""Sees that care begins, goes on, and survives a change of place; and says who is quietly dropping out of it."""
