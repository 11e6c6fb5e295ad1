"""The worklist: who waits, who owns the next step, what is late. It hears everything and says nothing."""
