"""Everything about running the house: cloud resources, packaging, deployment, the local cloud, operators' commands."""
