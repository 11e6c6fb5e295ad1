"""Finds out what a payer must allow, asks it, and watches every answer until the care is over."""
