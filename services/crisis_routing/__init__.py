"""Crisis routing: who goes to a person in crisis, where they go from there, who looks after them next."""
