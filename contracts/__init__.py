"""What we say: events, the catalogue of topics, schemas and saved examples."""
