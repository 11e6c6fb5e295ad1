"""A network to look at: invented partners, programs and people, fed through the partners' own topics."""
