"""Refused sign-ins and bindings as metrics, for the alarms on them: how many, never whose.

Powertools is loaded at the first refusal, so that the API's cold start does not pay for it.
"""


def count_binding() -> None:
    """One refused attempt to bind an identity, as ``BindingAttemptsRefused``."""
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics(service="identity")
    metrics.add_metric("BindingAttemptsRefused", MetricUnit.Count, 1)
    metrics.flush_metrics()


def count_sign_in() -> None:
    """One refused sign-in, as ``SignInsRefused``: a wrong code, an unknown member, or too many attempts."""
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics(service="identity")
    metrics.add_metric("SignInsRefused", MetricUnit.Count, 1)
    metrics.flush_metrics()
