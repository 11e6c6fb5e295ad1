"""Six walks through the running product, told as stories: `make walks` writes them into docs/walks.md."""
