"""What anybody can do with the two published files of a run: see that the result is what had to come out. Pure."""

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError

from chalicelib.schooling import checking, sealed
from chalicelib.schooling.checking import Fault
from chalicelib.schooling.sealed import Inputs, Result


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: the inputs' digest, and everything that is wrong."""

    run: str
    inputs_sha256: str
    pupils: int
    placed: int
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(inputs_file: bytes, result_file: bytes) -> Verdict:
    """Look at both files: digest, seed, capacities, stability, and the same result when all is done again.

    Raises ``ValueError`` for files that are none of a run.
    """
    try:
        inputs, result = Inputs.model_validate_json(inputs_file), Result.model_validate_json(result_file)
    except ValidationError as error:
        raise ValueError(f"not the files of a run: {error.error_count()} values are wrong") from None
    digest = hashlib.sha256(inputs_file).hexdigest()
    found = [Fault("inputs")] if (digest, inputs.run) != (result.inputs_sha256, result.run) else []
    found += checking.faults(inputs, result)
    if not found and sealed.solve(inputs, result.seed).places != result.places:
        found = [Fault("inputs")]
    placed = sum(school is not None for school in result.places.values())
    return Verdict(inputs.run, digest, len(inputs.pupils), placed, tuple(found))
