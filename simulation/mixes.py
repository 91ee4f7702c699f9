"""How hard a city is to compare: rates and hard cases that go together, by name. README tells each rate's ground."""

from dataclasses import dataclass, fields, replace

from simulation.errors import CLEAN, EASY, ErrorRates, HardCases


@dataclass(frozen=True)
class Mix:
    """Error rates and hard cases."""

    rates: ErrorRates
    hard: HardCases

    def but(self, settings: list[str]) -> "Mix":
        """The same with single rates changed, each as `name=value`. ValueError for an unknown name or no number."""
        rates, hard = self.rates, self.hard
        for setting in settings:
            name, _, value = setting.partition("=")
            if name in RATES:
                rates = replace(rates, **{name: float(value)})
            elif name in CASES:
                hard = replace(hard, **{name: float(value)})
            else:
                raise ValueError(f"unknown rate {name}; known: {', '.join(sorted(RATES | CASES))}")
        return Mix(rates, hard)


RATES = {each.name for each in fields(ErrorRates)}
CASES = {each.name for each in fields(HardCases)}

# About one row in six without a usable number, one phone in three missing or old, one birth date in six missing, in the
# city's own register as in the departments' files; digits and names exchanged. What nobody stated is as usual.
STATED = ErrorRates(
    id_missing=0.125,
    id_wrong_check=0.012,
    id_transposed=0.012,
    id_one_digit=0.012,
    id_masked=0.006,
    name_turned=0.004,
    name_titled=0.002,
    phone_missing=0.16,
    phone_old=0.20,
    address_reblocked=0.02,
    address_misread=0.005,
    birth_missing=1 / 6,
    birth_mistaken=0.005,
    sex_wrong=0.002,
    register=1.0,
)
HARDER = replace(
    STATED,
    name_slip=0.015,
    name_turned=0.005,
    name_shortened=0.01,
    name_titled=0.005,
    phone_relative=0.15,
    phone_mistyped=0.01,
    address_missing=0.03,
    address_otherwise=0.60,
    address_roomless=0.05,
    address_reblocked=0.05,
    address_misread=0.01,
    birth_mistaken=0.01,
    sex_missing=0.03,
    sex_wrong=0.003,
    town_missing=0.03,
)
HARD = HardCases(
    twins=0.15,
    common_name=0.006,
    shared_address=0.9,
    shared_phone=0.7,
    swapped_numbers=0.01,
    guardian_number=0.02,
    names_alike=0.5,
    adult_sons=0.05,
    dormitory_blocks=0.8,
    recycled_phones=0.03,
)

MIXES = {
    "clean": Mix(CLEAN, EASY),
    "usual": Mix(ErrorRates(), HardCases()),
    "stated": Mix(STATED, HardCases()),
    "hard": Mix(HARDER, HARD),
}
