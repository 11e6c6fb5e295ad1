"""The laws of care coordination, held by random lives of a network: the real services, in any order of what reaches them."""
