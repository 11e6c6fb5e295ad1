"""Named mistakes, each with the test that notices it: the proof that the proofs prove something."""
