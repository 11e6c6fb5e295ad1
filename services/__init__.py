"""Who decides: one folder a service, pure decisions inside. No service imports another."""
