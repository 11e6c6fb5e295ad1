"""Whatever the order, the repetitions and the delays in which topics are heard, a service comes to the same state."""
