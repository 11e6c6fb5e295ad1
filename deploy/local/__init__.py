"""The whole platform on one machine: real Kafka, a database that speaks MongoDB's protocol, the services."""
