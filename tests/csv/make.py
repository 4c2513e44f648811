#!/usr/bin/env python3
"""Writes python.jsonl beside it: texts in many dialects, and what Python's csv reads in
them. The seed is fixed; run it again only to change the cases.

Each line: text, delimiter, quote, escape (or null), rows, and whether the dialect can be
told from the text alone.
"""

import csv
import io
import json
import random
from pathlib import Path

random.seed(4)

WORDS = [
    "Ann", "O'Neil", "'t Hooft", "Smith, John", "a;b", "tab\there", "bar|bar", 'Ann "Annie" Lee',
    "C:\\", "C:\\dir", "\\\\server\\share", "line\nbreak", "carriage\rreturn", "crlf\r\nend", "", " ",
    " padded ", "Müller", "日本", "😀", "+1 650 555 1212", "a@x.org", '"', "'", "''", '""', "\\", "x\\y",
    "{\"a\":1}", "=1+1", "it's", "1997-02-16",
]

DIALECTS = [
    # delimiter, quote, escape, quoting
    (",", '"', None, csv.QUOTE_MINIMAL),
    (";", '"', None, csv.QUOTE_MINIMAL),
    ("\t", '"', None, csv.QUOTE_MINIMAL),
    ("|", '"', None, csv.QUOTE_MINIMAL),
    (",", '"', None, csv.QUOTE_ALL),
    (";", '"', None, csv.QUOTE_ALL),
    (",", "'", None, csv.QUOTE_ALL),
    (";", "'", None, csv.QUOTE_ALL),
    (",", "'", None, csv.QUOTE_MINIMAL),
    (",", '"', "\\", csv.QUOTE_ALL),
    ("|", '"', "\\", csv.QUOTE_ALL),
    (";", "'", "\\", csv.QUOTE_ALL),
]

CARELESS = [
    # Text behind a closing quote, quotes inside plain fields, ragged rows, empty lines.
    ('a,b\n"x" y,2\n', ",", '"', None),
    ('a,b\nx "y" z,2\n', ",", '"', None),
    ('a,b\n5" screen,2\n', ",", '"', None),
    ("a,b,c\n1\n1,2\n1,2,3\n1,2,3,4\n", ",", '"', None),
    ('a,b\n\n\n1,2\n\n"\n",3\n', ",", '"', None),
    ('a,b\r1,2\r"3\r\n4",5', ",", '"', None),
    ('a,b\n"C:\\","D:\\"\n"E:\\dir","x"\n', ",", '"', None),
    ("a,b\n't Hooft,'s-Gravenhage\n", ",", '"', None),
    ("name,city\n'Ann','Rome'\n", ",", '"', None),
    ('a,b\n"","""",\n""",""",1\n', ",", '"', None),
]


def read(text, delimiter, quote, escape):
    source = io.StringIO(text, newline="")
    rows = csv.reader(source, delimiter=delimiter, quotechar=quote, escapechar=escape)
    return [row for row in rows if row]


def case(text, delimiter, quote, escape, told):
    rows = read(text, delimiter, quote, escape)
    keys = ("text", "delimiter", "quote", "escape", "rows", "told")
    return dict(zip(keys, (text, delimiter, quote, escape, rows, told)))


cases = [case(*careless, True) for careless in CARELESS]
for delimiter, quote, escape, quoting in DIALECTS:
    for line_end in ("\n", "\r\n"):
        for _ in range(6):
            columns = random.randint(2, 5)
            table = [[f"name_{n}" for n in range(columns)]]
            # Python leaves a lone carriage return unquoted, and then takes it for a line end.
            words = [word for word in WORDS if quoting == csv.QUOTE_ALL or "\r" not in word]
            table += [random.choices(words, k=columns) for _ in range(random.randint(1, 12))]
            # Escapes are told by a quote with text on both sides.
            if escape:
                table.append([f"Ann {quote}Annie{quote} Lee"] * columns)
            # Python reads a lone blank line as no row, and so do we.
            table = [row for row in table if any(cell.strip() for cell in row)]
            out = io.StringIO(newline="")
            writer = csv.writer(
                out, delimiter=delimiter, quotechar=quote, escapechar=escape,
                doublequote=escape is None, quoting=quoting, lineterminator=line_end,
            )
            writer.writerows(table)
            told = quote == '"' or quoting == csv.QUOTE_ALL
            made = case(out.getvalue(), delimiter, quote, escape, told)
            assert made["rows"] == table, (made, table)
            cases.append(made)

with open(Path(__file__).parent / "python.jsonl", "w", encoding="utf-8") as out:
    for made in cases:
        out.write(json.dumps(made, ensure_ascii=False) + "\n")
print(len(cases), "cases")
