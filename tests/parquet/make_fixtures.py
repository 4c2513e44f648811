#!/usr/bin/env python3
"""Writes the Parquet files that tests/parquet_fixtures.rs reads, each with its rows.

    pip install pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.0 fastparquet==2026.9.0
    python3 tests/parquet/make_fixtures.py

Beside NAME.parquet there is NAME.json: the header, and every cell as the text it should be
read as, worked out here from the values that were written and not from the file. A row
that is to be rejected is the name of its fault instead. NAME.json of a file that is to be refused
holds words of the reason. Small on purpose: they are committed.
"""

import base64
import datetime as dt
import decimal
import json
import math
import pathlib
import uuid

import duckdb
import fastparquet
import numpy
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

HERE = pathlib.Path(__file__).parent / "fixtures"
SEPARATOR = "\x1f"
UTC = dt.timezone.utc


def clock(value):
    text = value.strftime("%H:%M:%S")
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    return text


def text(value):
    """What a cell of this value should say."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return ""
        digits = format(decimal.Decimal(repr(value)), "f")
        return digits.removesuffix(".0")
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return f"{value.year:04}-{value:%m-%d}T{clock(value)}Z"
    if isinstance(value, dt.date):
        return f"{value.year:04}-{value:%m-%d}"
    if isinstance(value, dt.time):
        return clock(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return SEPARATOR.join(text(each) for each in value if each is not None)
    raise TypeError(type(value))


def expect(name, columns):
    """`columns`: the text of every cell, by the name of its column."""
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    content = {"header": list(columns), "rows": rows}
    (HERE / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False) + "\n")


def texts(columns):
    return {name: [text(value) for value in values] for name, values in columns.items()}


def write(name, columns, types=None, **options):
    """Writes with pyarrow; `types` are those that do not follow from the values."""
    types = types or {}
    arrays = {name: pa.array(values, types.get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), HERE / f"{name}.parquet", **options)
    expect(name, texts(columns))


def refused(name, words):
    (HERE / f"{name}.json").write_text(json.dumps({"refused": words}) + "\n")


def people(count):
    """Rows with nulls, repetition and letters of several bytes."""
    names = ["Ana", "José", None, "李雷", "", "Ann-Marie", "Ana"]
    return {
        "email": [None if n % 11 == 5 else f"person{n}@example.com" for n in range(count)],
        "first_name": [names[n % len(names)] for n in range(count)],
        "phone": [16505550000 + n for n in range(count)],
        "age": [None if n % 3 == 1 else n % 90 for n in range(count)],
        "consent": [None if n % 7 == 6 else n % 2 == 0 for n in range(count)],
        "spent": [n * 1.25 if n % 4 else None for n in range(count)],
    }


def types():
    negative = decimal.Decimal("-1234567890123456789012345678901234.5678")
    when = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    odd = dt.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    fine = odd.replace(microsecond=999999)
    id_1, id_2 = uuid.UUID(int=1), uuid.UUID("12345678-1234-5678-1234-567812345678")
    big = decimal.Decimal("1234567890123456789012345678901234.5678")
    columns = {
        "string": (pa.string(), ["a@example.com", None, "Zoë"]),
        "large_string": (pa.large_string(), ["large", "", None]),
        "string_view": (pa.string_view(), ["view", None, "a view of more than twelve bytes"]),
        "binary": (pa.binary(), [b"binary", "é".encode(), None]),
        "large_binary": (pa.large_binary(), [b"x", None, b""]),
        "fixed": (pa.binary(5), [b"94025", b"10001", None]),
        "uuid": (pa.uuid(), [id_1, None, id_2]),
        "int8": (pa.int8(), [-128, 127, None]),
        "int16": (pa.int16(), [-32768, None, 32767]),
        "int32": (pa.int32(), [-(2**31), 2**31 - 1, None]),
        "int64": (pa.int64(), [-(2**63), 2**63 - 1, None]),
        "uint8": (pa.uint8(), [0, 255, None]),
        "uint16": (pa.uint16(), [0, 65535, None]),
        "uint32": (pa.uint32(), [0, 2**32 - 1, None]),
        "uint64": (pa.uint64(), [0, 2**64 - 1, None]),
        "float": (pa.float32(), [16.0, 0.5, None]),
        "double": (pa.float64(), [16505551212.0, 1e-7, float("nan")]),
        "double_more": (pa.float64(), [0.1, 1e20, float("-inf")]),
        "half": (pa.float16(), [numpy.float16(1.5), numpy.float16(-2), None]),
        "bool": (pa.bool_(), [True, False, None]),
        "decimal32": (pa.decimal128(7, 2), [decimal.Decimal("12345.60"), decimal.Decimal("-0.05"), None]),
        "decimal64": (pa.decimal128(15, 0), [decimal.Decimal(16505551212), decimal.Decimal(0), None]),
        "decimal128": (pa.decimal128(38, 4), [big, negative, None]),
        "decimal256": (pa.decimal256(60, 4), [big, negative, None]),
        "date32": (pa.date32(), [dt.date(1990, 2, 28), dt.date(1969, 12, 31), None]),
        "date64": (pa.date64(), [dt.date(2000, 2, 29), dt.date(1, 1, 1), None]),
        "millis": (pa.timestamp("ms", "UTC"), [when, odd, None]),
        "micros": (pa.timestamp("us", "UTC"), [when, fine, None]),
        "nanos": (pa.timestamp("ns", "UTC"), [when, fine, None]),
        "local": (pa.timestamp("us"), [when.replace(tzinfo=None), None, None]),
        "time_millis": (pa.time32("ms"), [dt.time(12), dt.time(23, 59, 59, 5000), None]),
        "time_micros": (pa.time64("us"), [dt.time(0), dt.time(1, 2, 3, 40), None]),
        "time_nanos": (pa.time64("ns"), [dt.time(0), dt.time(1, 2, 3, 40), None]),
        "null": (pa.null(), [None, None, None]),
        "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["US", "DE", "US"]),
    }
    arrays, expected = {}, {}
    for name, (kind, values) in columns.items():
        stored = values
        if name == "uuid":
            stored = [value and value.bytes for value in values]
            array = pa.ExtensionArray.from_storage(kind, pa.array(stored, pa.binary(16)))
        else:
            array = pa.array(stored, kind)
        arrays[name] = array
        # NumPy's halves are floats to `text`.
        plain = [float(v) if isinstance(v, numpy.floating) else v for v in values]
        expected[name] = [text(value) for value in plain]
    table = pa.table(arrays)
    for version in ["1.0", "2.6"]:
        name = f"types_{version[0]}"
        kept = expected
        if version == "1.0":
            # The old format knows neither nanoseconds nor unsigned 32 bits.
            old = table.drop_columns(["nanos", "time_nanos"])
            kept = {column: cells for column, cells in expected.items() if column in old.column_names}
            pq.write_table(old, HERE / f"{name}.parquet", version=version, store_schema=False)
        else:
            pq.write_table(table, HERE / f"{name}.parquet", version=version)
        expect(name, kept)
    required = pa.schema([pa.field(name, array.type, nullable=False) for name, array in arrays.items()
                          if not array.null_count])
    pq.write_table(table.select(required.names).cast(required), HERE / "required.parquet")
    expect("required", {name: expected[name] for name in required.names})

    instants = [when, odd, None, dt.datetime(1582, 10, 4, tzinfo=UTC)]
    write("int96", {"at": instants}, {"at": pa.timestamp("us", "UTC")}, use_deprecated_int96_timestamps=True)


def codecs():
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
        for page in ["1.0", "2.0"]:
            write(f"codec_{codec}_v{page[0]}", people(60), compression=codec, data_page_version=page)
    write("checksum", people(20), compression="none", use_dictionary=False, write_page_checksum=True)
    write("codec_brotli", people(5), compression="brotli")
    refused("codec_brotli", "Brotli compression")


def encodings():
    texts_, numbers = ["email", "first_name"], ["phone", "age"]
    for page in ["1.0", "2.0"]:
        for name, encoding in {
            "plain": {},
            "delta": dict.fromkeys(texts_, "DELTA_BYTE_ARRAY") | dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
            "delta_length": dict.fromkeys(texts_, "DELTA_LENGTH_BYTE_ARRAY"),
            "split": dict.fromkeys(numbers + ["spent"], "BYTE_STREAM_SPLIT"),
            "rle": {"consent": "RLE"},
        }.items():
            write(f"encoding_{name}_v{page[0]}", people(150), compression="none", use_dictionary=False,
                  column_encoding=encoding or None, data_page_version=page)
        # Dictionaries that grow too large half-way; pages and row groups of a few rows.
        write(f"pages_v{page[0]}", people(400), data_page_size=100, write_batch_size=7, row_group_size=90,
              dictionary_pagesize_limit=300, data_page_version=page)
    same = {"country": ["US"] * 500 + ["DE"] * 3, "nothing": [None] * 503}
    write("runs", same, {"nothing": pa.string()}, compression="none")
    numbers = {"n": [(-1) ** n * 3**n % 2**62 for n in range(300)]}
    write("delta_wide", numbers, use_dictionary=False, column_encoding={"n": "DELTA_BINARY_PACKED"})
    small = {"n": [2**31 - 1, -(2**31), 0, 2**31 - 1]}
    write("delta_wrapping", small, {"n": pa.int32()}, use_dictionary=False, column_encoding={"n": "DELTA_BINARY_PACKED"})
    ids = [uuid.UUID(int=n * 7919).hex[:8].encode() for n in range(40)]
    write("delta_fixed", {"id": ids}, {"id": pa.binary(8)}, use_dictionary=False, column_encoding={"id": "DELTA_BYTE_ARRAY"})


def nested():
    emails = [["a@example.com", "b@example.com"], [], None, [None, "c@example.com"], ["d@example.com"]] * 8
    numbers = [[1, 2, 3], None, [], [4], [5, None]] * 8
    address = [{"zip": "94025", "tags": ["x", "y"]}, None, {"zip": None, "tags": None},
               {"zip": "10001", "tags": []}, {"zip": "", "tags": ["z"]}] * 8
    table = pa.table({
        "emails": pa.array(emails, pa.list_(pa.string())),
        "numbers": pa.array(numbers, pa.large_list(pa.int64())),
        "address": pa.array(address, pa.struct({"zip": pa.string(), "tags": pa.list_(pa.string())})),
        "map": pa.array([[("k", "v")], None, [], [], []] * 8, pa.map_(pa.string(), pa.string())),
        "deep": pa.array([[["a"], ["b"]], None, [], [], []] * 8, pa.list_(pa.list_(pa.string()))),
        "structs": pa.array([[{"a": "1", "b": "2"}], None, [], [], []] * 8,
                            pa.list_(pa.struct({"a": pa.string(), "b": pa.string()}))),
        "last": pa.array([str(n) for n in range(40)]),
    })
    empty = [""] * 40
    expected = {
        "emails": [text(each) for each in emails],
        "numbers": [text(each) for each in numbers],
        "address.zip": [text(each and each["zip"]) for each in address],
        "address.tags": [text(each and each["tags"]) for each in address],
        "map.key_value.key": empty,
        "map.key_value.value": empty,
        "deep.list.element.list.element": empty,
        "structs.list.element.a": empty,
        "structs.list.element.b": empty,
        "last": [str(n) for n in range(40)],
    }
    for page in ["1.0", "2.0"]:
        name = f"nested_v{page[0]}"
        pq.write_table(table, HERE / f"{name}.parquet", data_page_version=page, data_page_size=60,
                       write_batch_size=3, row_group_size=17)
        expect(name, expected)


def others():
    """What other programs write, each with its own habits."""
    frame = pandas.DataFrame({
        "email": ["a@example.com", None, "c@example.com"],
        "country": pandas.Categorical(["US", "DE", "US"]),
        "birth": pandas.to_datetime(["1990-02-28", None, "2001-12-31"]),
        "phone": [16505551212.0, float("nan"), 16505551213.0],
    }, index=pandas.Index(["x", "y", "z"]))
    frame.to_parquet(HERE / "pandas.parquet", engine="pyarrow")
    expect("pandas", {
        "email": ["a@example.com", "", "c@example.com"],
        "country": ["US", "DE", "US"],
        "birth": ["1990-02-28T00:00:00Z", "", "2001-12-31T00:00:00Z"],
        "phone": ["16505551212", "", "16505551213"],
        "__index_level_0__": ["x", "y", "z"],
    })
    rows = people(140)
    whole = pandas.DataFrame({name: pandas.Series(values, dtype={
        "phone": "int64", "age": "Int64", "consent": "boolean", "spent": "float64",
    }.get(name, "object")) for name, values in rows.items()})
    for codec in ["SNAPPY", "GZIP", "ZSTD", "LZ4", "LZ4_RAW"]:
        name = f"fastparquet_{codec.lower()}"
        fastparquet.write(HERE / f"{name}.parquet", whole, compression=codec, row_group_offsets=60)
        expect(name, texts(rows))
    polars.DataFrame(rows).write_parquet(HERE / "polars.parquet", row_group_size=60)
    expect("polars", texts(rows))
    table = pa.table(rows)
    for version in ["V1", "V2"]:
        name = f"duckdb_{version.lower()}"
        with duckdb.connect() as database:
            database.register("people", table)
            database.execute(f"COPY (SELECT *, CAST('12345678-1234-5678-1234-567812345678' AS UUID) AS id FROM people) "
                             f"TO '{HERE / name}.parquet' (FORMAT parquet, PARQUET_VERSION {version}, ROW_GROUP_SIZE 2048)")
        expect(name, texts(rows) | {"id": ["12345678-1234-5678-1234-567812345678"] * 140})


def odd():
    pq.write_table(pa.table({"email": pa.array([], pa.string())}), HERE / "empty.parquet")
    expect("empty", {"email": []})
    pq.write_table(pa.table({"email": ["a@example.com", "", "c@example.com"]}).slice(0, 0), HERE / "sliced.parquet")
    expect("sliced", {"email": []})
    cells = [b"good", b"\xff\xfe", None, "Zoë".encode(), b"\xc3"]
    pq.write_table(pa.table({"n": ["1", "2", "3", "4", "5"], "raw": pa.array(cells, pa.binary())}), HERE / "not_utf8.parquet")
    expect("not_utf8", {"n": ["1", "2", "3", "4", "5"], "raw": ["good", None, "", "Zoë", None]})
    path = HERE / "not_utf8.json"
    content = json.loads(path.read_text())
    content["rows"] = ["row_not_utf8" if None in row else row for row in content["rows"]]
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n")


def audience():
    """The rows of tests/stage/people.rs, as an export would have them; `note` is nobody's."""
    count = 500
    write("audience", {
        "note": ["left alone " * 9 + str(n) for n in range(count)],
        "id": list(range(1, count + 1)),
        "email": [f"Person{n}@Example.com" for n in range(1, count + 1)],
        "consent": ["N" if n % 10 == 0 else "Y" for n in range(1, count + 1)],
        "paid": [decimal.Decimal(n) / 4 for n in range(1, count + 1)],
        "tags": [["x"]] * count,
        "deep": [[["x"]]] * count,
    }, {"paid": pa.decimal128(9, 2)}, row_group_size=120, compression="none", use_dictionary=False)
    path = HERE / "audience.json"
    content = json.loads(path.read_text())
    content["header"][-1] = "deep.list.element.list.element"
    content["rows"] = [[*row[:4], f"{decimal.Decimal(row[4]):.2f}", "x", ""] for row in content["rows"]]
    # Where the pages of each column are, for who looks at what is read.
    metadata = pq.ParquetFile(HERE / "audience.parquet").metadata
    content["chunks"] = [
        [[chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size]
         for chunk in map(metadata.row_group(group).column, range(metadata.num_columns))]
        for group in range(metadata.num_row_groups)
    ]
    path.write_text(json.dumps(content) + "\n")


def long():
    """Many rows in little space, for who looks at memory: pages of about a megabyte."""
    count = 300_000
    columns = {name: [f"{name}-{n % 1000}@example.com" for n in range(count)] for name in "abcde"}
    pq.write_table(pa.table(columns), HERE / "long.parquet", compression="zstd", compression_level=19,
                   use_dictionary=["a"], write_statistics=False)
    (HERE / "long.json").write_text(json.dumps({"rows_like": count}) + "\n")


class Kms(pe.KmsClient):
    """Wraps keys by writing them down: enough to encrypt a test file."""

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


def encrypted():
    factory = pe.CryptoFactory(lambda _: Kms())
    for name, plaintext_footer in {"encrypted": False, "encrypted_columns": True}.items():
        config = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["email"]},
                                            plaintext_footer=plaintext_footer)
        properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), config)
        table = pa.table(people(5))
        with pq.ParquetWriter(HERE / f"{name}.parquet", table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)
        refused(name, "encrypted")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for made in HERE.iterdir():
        made.unlink()
    for make in [types, codecs, encodings, nested, others, odd, audience, long, encrypted]:
        make()
    size = sum(made.stat().st_size for made in HERE.iterdir())
    print(f"{len(list(HERE.iterdir()))} files, {size} bytes")
