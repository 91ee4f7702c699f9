"""What the comparison asks of a database, answered by Spark: ``execute`` with DuckDB's SQL, tables that last.

A table is a folder of Parquet parts and a temporary view; ``INSERT`` adds a part. Only what the comparison says is
understood: ``CREATE [OR REPLACE] TABLE … AS``, ``CREATE TABLE (columns)``, ``CREATE VIEW``, ``INSERT``, ``DROP TABLE``, ``COPY … TO``,
``SELECT``. Rows that are asked for come to the driver; whoever asks knows that they are few.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlglot import exp

from chalicelib.linkage import spark_sql

# Of these a row's place is its id, as DuckDB's ``rowid``: it grows with the file and within it. Smaller than any
# settled person's key: 2**48 ids for each part, and a part is a file.
NUMBERED: Final = "rows"
_APART: Final = 1 << 48


class Result:
    """What a statement gave: rows of a query, or one row with the number of rows written."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self._rows

    def fetchone(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None


class SparkConnection:
    """A Spark session as the comparison's steps use a connection; ``files`` (see ``spark_files``) has a folder for tables."""

    def __init__(self, session: Any, files: Any, folder: str) -> None:
        self.session, self._files, self._folder = session, files, folder
        self._tables: dict[str, dict[str, Any]] = {}

    # What a later run needs to find the tables again.
    def noted(self) -> str:
        """The tables and views as text."""
        return json.dumps(self._tables)

    def restore(self, noted: str) -> None:
        """Have the tables and views that were noted, and no others."""
        for name in self._tables:
            self.session.catalog.dropTempView(name)
        self._tables = {}
        for name, told in json.loads(noted).items():
            self._tables[name] = told
            if "view" in told:
                self.session.sql(told["view"]).createOrReplaceTempView(name)
            else:
                self._show(name)

    def execute(self, sql: str, parameters: spark_sql.Parameters = ()) -> Result:
        """Run statements; the last one's result."""
        result = Result([])
        for statement in spark_sql.statements(sql, parameters):
            result = self._execute(statement)
        return result

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert a few rows of values."""
        (statement,) = spark_sql.statements(sql, [value for row in rows[:1] for value in row])
        (_, *more) = (spark_sql.statements(sql, row)[0].expression.expressions[0] for row in rows)
        statement.expression.set("expressions", [*statement.expression.expressions, *more])
        self._execute(statement)

    def register(self, name: str, table: Any) -> None:
        """Have a small Arrow table as a view."""
        self.session.createDataFrame(table).createOrReplaceTempView(name)

    def unregister(self, name: str) -> None:
        """Forget it."""
        self.session.catalog.dropTempView(name)

    def _execute(self, statement: exp.Expr) -> Result:
        self._read_files(statement)
        if isinstance(statement, exp.Create):
            return self._create(statement)
        if isinstance(statement, exp.Insert):
            return self._insert(statement.this.name, self._frame(statement.expression))
        if isinstance(statement, exp.Drop):
            for table in statement.args["tables"]:
                self._drop(table.name)
            return Result([])
        if isinstance(statement, exp.Copy):
            return self._copy(self._frame(statement.this.unnest()), statement.args["files"][0].name)
        return Result(self._frame(statement).collect())

    def _frame(self, query: exp.Expr) -> Any:
        return self.session.sql(spark_sql.text(query))

    def _create(self, statement: exp.Create) -> Result:
        table = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
        name = table.name
        if statement.args.get("exists") and name in self._tables:
            return Result([])
        if statement.kind == "VIEW":
            query = spark_sql.text(statement.expression)
            self.session.sql(query).createOrReplaceTempView(name)
            self._tables[name] = {"view": query}
            return Result([])
        if isinstance(statement.this, exp.Schema):
            self._drop(name)
            columns = [
                (one.name, one.args["kind"].sql("spark").replace("UNSIGNED ", ""))
                for one in statement.this.expressions
            ]
            if name == NUMBERED:
                columns.append(("rowid", "BIGINT"))
            self._tables[name] = {"columns": columns, "parts": []}
            self._show(name)
            return Result([])
        frame = self._frame(statement.expression)
        old = self._tables.get(name)
        made = self._written(name, frame)
        self._tables[name] = {"columns": [list(one) for one in frame.dtypes], "parts": [made]}
        self._show(name)
        self._remove(old)
        return Result([])

    def _insert(self, name: str, frame: Any) -> Result:
        """Append by place, in the table's types; the number of rows."""
        from pyspark.sql import Observation
        from pyspark.sql import functions as f

        told = self._tables[name]
        given = list(zip(frame.columns, told["columns"], strict=False))
        places = [f"_{place}" for place in range(len(given))]
        columns = [
            f.col(place).cast(kind).alias(column)
            for place, (_, (column, kind)) in zip(places, given, strict=True)
        ]
        if name == NUMBERED:
            columns.append((f.monotonically_increasing_id() + len(told["parts"]) * _APART).alias("rowid"))
        counted = Observation()
        made = frame.toDF(*places).select(*columns).observe(counted, f.count(f.lit(1)).alias("n"))
        told["parts"].append(self._written(name, made))
        self._show(name)
        return Result([(int(counted.get["n"]),)])

    def _copy(self, frame: Any, path: str) -> Result:
        from pyspark.sql import Observation
        from pyspark.sql import functions as f

        counted = Observation()
        observed = frame.observe(counted, f.count(f.lit(1)).alias("n"))
        self._files.write_csv(observed, path)
        return Result([(int(counted.get["n"]),)])

    def _written(self, name: str, frame: Any) -> str:
        """A new folder of Parquet with the rows; nothing is left of one that fails."""
        self._tables.setdefault("#", {"made": 0})["made"] += 1
        part = f"{self._folder}/{name}-{self._tables['#']['made']}"
        try:
            frame.write.mode("overwrite").parquet(part)
        except BaseException:
            self._files.remove(part)
            raise
        return part

    def _show(self, name: str) -> None:
        if name == "#":
            return
        told = self._tables[name]
        schema = ", ".join(f"`{column}` {kind}" for column, kind in told["columns"])
        if told["parts"]:
            frame = self.session.read.schema(schema).parquet(*told["parts"])
        else:
            frame = self.session.createDataFrame([], schema)
        frame.createOrReplaceTempView(name)

    def _drop(self, name: str) -> None:
        if old := self._tables.pop(name, None):
            self.session.catalog.dropTempView(name)
            self._remove(old)

    def _remove(self, told: dict[str, Any] | None) -> None:
        for part in (told or {}).get("parts", ()):
            self._files.remove(part)

    def _read_files(self, statement: exp.Expr) -> None:
        """Put a view in the place of each ``read_csv``."""
        for found in list(statement.find_all(exp.ReadCSV)):
            self._tables.setdefault("#", {"made": 0})["made"] += 1
            name = f"csv_{self._tables['#']['made']}"
            given = {one.this.name: one.expression for one in found.expressions}
            columns = [one.this.name for one in given["columns"].expressions] if "columns" in given else None
            self._files.read_csv(found.this.name, columns).createOrReplaceTempView(name)
            table = found.parent
            assert isinstance(table, exp.Table)
            table.replace(exp.to_table(name, alias=table.alias or None))
