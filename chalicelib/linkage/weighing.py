"""The stored model as the lasting comparison uses it: fitted to the whole city once, applied to what is touched."""

from pathlib import Path
from typing import Any, Final

from chalicelib.linkage import joining, nodes, scoring, training, writing
from chalicelib.linkage.increments import Model

_FREQUENT: Final = (
    "INSERT INTO terms SELECT '{column}', CAST({column} AS VARCHAR), tf_{column} FROM {column}_terms"
)
_AGAIN: Final = (
    "CREATE OR REPLACE TABLE {column}_terms AS SELECT CAST(value AS {type}) AS {column}, share AS tf_{column}"
    " FROM terms WHERE kind = '{column}'"
)


def stored(weights: Path = training.MODEL) -> Model:
    """The model that the package carries."""
    model = training.load(weights)

    def fit(connection: Any) -> dict[str, Any]:
        nodes.find_busy(connection)
        settings = scoring.fitted(connection, model)
        connection.execute("CREATE OR REPLACE TABLE terms (kind VARCHAR, value VARCHAR, share DOUBLE)")
        for column in scoring.FREQUENCIES:
            connection.execute(_FREQUENT.format(column=column))
        return settings

    return Model(str(model["version"]), joining.JOINS_FROM, joining.BEATS_BY, fit, _score)


def _score(connection: Any, settings: dict[str, Any]) -> None:
    types = {name: of for name, of, *_ in connection.execute("DESCRIBE nodes").fetchall()}
    for column in scoring.FREQUENCIES:
        connection.execute(_AGAIN.format(column=column, type=types[column]))
    scoring.create(connection, settings)
    total = int(connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0])
    passes = -(-total // scoring.PAIRS_A_PASS)
    for place in range(passes):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE these_pairs AS SELECT * FROM pairs"
            f" WHERE hash(join_key_l, join_key_r) % {passes} = {place}"
        )
        scoring.score(connection, settings, "these_pairs")
    connection.execute(
        f"CREATE OR REPLACE TABLE told AS SELECT l, r, weight, {writing.because(settings)} AS because FROM scored"
    )
    connection.execute("DROP TABLE scored")
    connection.execute("ALTER TABLE told RENAME TO scored")
