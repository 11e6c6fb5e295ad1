"""How we say it: Kafka, the database, time, sealing, telemetry. No noun of the domain appears here."""
