"""The cloud resources: compact declarations in `infra/resources/`, written out here as one SAM template.

Every table, bucket, queue and function gets what the house demands of it (encryption, retention, a role of its own,
a dead-letter queue, a log group, alarms) in one place, so that none can be without.
"""
