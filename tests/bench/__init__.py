"""Measurements: `make bench`, or `python -m tests.bench SECTION…`. What is compared is paired within one run, on the same engines."""
