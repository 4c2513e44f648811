"""The way of a file: receipts and Meta's simulator have to agree on what became of it."""

import csv
import subprocess

from .stage import AUDIENCE, BUCKET, SAMPLE, check

DROPS = {
    "store-buyers": "meta/conversions/audience.csv",
    "loyalty-list": "meta/custom_audiences/loyalty/audience.csv",
}


def run(stage):
    for key in DROPS.values():
        stage.drop(key, SAMPLE.read_bytes())
    with SAMPLE.open(newline="", encoding="utf-8") as sample:
        people = sum(1 for _ in csv.DictReader(sample))
    for route, key in DROPS.items():
        receipt = stage.receipt(route, key)
        check_receipt(receipt, key, read=people, sent=people)
        print(f"{route}: {receipt['rows']['read']} rows, {receipt['sent']['accepted']} accepted")
    stage.check_queues_empty()

    dataset = stage.dataset()
    check("distinct events", people, dataset["distinct"])
    check("events that arrived twice", 0, dataset["duplicates"])
    audience = stage.simulator("inspect")["audiences"][AUDIENCE]
    check("members", people, audience["members"])


def check_receipt(receipt, key, read, sent):
    check(f"{key}: status", "delivered", receipt["status"])
    check(f"{key}: object", (BUCKET, key), (receipt["object"]["bucket"], receipt["object"]["key"]))
    check(
        f"{key}: rows",
        {"read": read, "filtered": 0, "rejected": read - sent, "sent": sent, "withheld": 0},
        receipt["rows"],
    )
    check(f"{key}: sent", {"accepted": sent, "refused": 0, "unknown": 0}, receipt["sent"])


def check_log(stage):
    """No cell of a row and no token; nothing that went wrong unforeseen."""
    logs = docker_logs(stage.identifier("worker"))
    check("the worker logged", True, "object done" in logs)
    check_names_nobody(logs)


def check_names_nobody(logs):
    for secret in ("example.com", "Okafor", "AAAAAAAAAAABAAAA", "DEMO-TOKEN", "panicked"):
        check(f"{secret!r} is in the worker's log", False, secret.lower() in logs.lower())


def docker_logs(identifier):
    logs = ["docker", "logs", identifier]
    return subprocess.check_output(logs, stderr=subprocess.STDOUT, text=True)
