"""Where it runs: local engines, images, Kubernetes, dashboards."""
