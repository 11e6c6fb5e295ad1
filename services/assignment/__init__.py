"""Finds a program for every request, and says at every instant who answers for it."""
