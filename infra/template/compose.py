"""All resources put together, as the template that `chalice package --merge-template` merges with the API."""

from infra.layers import LAYERS, RUNTIME
from infra.template import api, spark, storage, watching
from infra.template.functions import functions, timeouts
from infra.template.reading import Template, declared

# API Gateway refuses a template's resources beyond this number; CloudFormation refuses the whole.
RESOURCE_LIMIT = 500


def composed() -> Template:
    """Return the template without Chalice's part."""
    resources = {
        **declared("keys")["Resources"],
        **storage.tables(),
        **storage.buckets(),
        **storage.queues(timeouts()),
        **storage.secrets(),
        **_layers(),
        **functions(),
        **api.resources(),
        **watching.resources(),
        **spark.resources(),
    }
    return {**declared("parameters"), "Mappings": {"SparkSizes": spark.sizes()}, "Resources": resources}


def _layers() -> Template:
    return {
        f"{name.capitalize()}Layer": {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {
                "ContentUri": f"./layer-{name}.zip",
                "CompatibleRuntimes": [RUNTIME],
                "CompatibleArchitectures": ["x86_64"],
                # Older versions stay until the next deployment no longer needs them to roll back to.
                "RetentionPolicy": "Retain",
            },
        }
        for name in LAYERS
    }
