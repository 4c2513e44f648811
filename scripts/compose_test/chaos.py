"""Several workers, killed, stopped, cut off and left without AWS at random moments.

tests/chaos_process/ does the same to processes, and more of it; here it is containers and
a network.
"""

import os
import random
import time

from .disturbance import HEADER
from .stage import AUDIENCE, DATASET, Stage, check, docker
from .trip import check_names_nobody, check_receipt, docker_logs

WORKERS = 3
# What one worker has out at once, by default.
REQUESTS_IN_FLIGHT = 8
ROWS = 60_000
# Every third object is a list for the audience.
ROUTES = (
    ("store-buyers", "meta/conversions/crowd"),
    ("store-buyers", "meta/conversions/folk"),
    ("loyalty-list", "meta/custom_audiences/loyalty/list"),
)
OBJECTS = 6
SLOW = [{"on": on, "times": None, "delay_ms": 2_000} for on in ("events", "users")]
CUTS = ("reset_after", "truncate", "reset_before")


class Fleet(Stage):
    """The stage with several workers."""

    def start(self):
        self.compose("up", "--detach", "--no-build", "--scale", f"worker={WORKERS}")
        self.wait_until_healthy()

    def workers(self):
        listed = self.compose("ps", "--all", "--quiet", "worker", capture_output=True)
        return sorted(listed.stdout.decode().split())


def run(stage):
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    kills = int(os.environ.get("CHAOS_KILLS") or 10)
    print(f"the drawing of CHAOS_SEED={seed} CHAOS_KILLS={kills}", flush=True)
    chance = random.Random(seed)
    workers = stage.workers()
    check("workers", WORKERS, len(workers))

    stage.simulator("faults", "POST", SLOW)
    objects = [(*ROUTES[number % len(ROUTES)], number) for number in range(OBJECTS)]
    for _, key, number in objects:
        stage.drop(f"{key}-{number}.csv", crowd(number))
    deck = [kill] * kills + [stop, cut_off, silence] * (kills // 5 + 1) + [cut] * (kills // 2 + 1)
    chance.shuffle(deck)
    losses = 0
    for act in deck:
        time.sleep(chance.uniform(0.1, 3))
        losses += act(stage, chance.choice(workers), chance)
    stage.simulator("faults", "DELETE")

    batches = 0
    for route, key, number in objects:
        receipt = stage.receipt(route, f"{key}-{number}.csv")
        check_receipt(receipt, f"{key}-{number}.csv", read=ROWS, sent=ROWS)
        batches += receipt["batches"]["acknowledged"]
    stage.check_queues_empty()
    for worker in workers:
        check_names_nobody(docker_logs(worker))
    check_arrivals(stage, batches, most_resent=losses * REQUESTS_IN_FLIGHT)


def check_arrivals(stage, batches, most_resent):
    lists = sum(ROUTES[number % len(ROUTES)][0] == "loyalty-list" for number in range(OBJECTS))
    at_meta = stage.simulator("inspect")
    dataset, audience = at_meta["datasets"][DATASET], at_meta["audiences"][AUDIENCE]
    effective = unanswered = 0
    for on in ("events", "users"):
        for outcome, times in at_meta["requests"]["outcomes"].get(on, {}).items():
            effective += times * outcome.startswith("accepted")
            unanswered += times * outcome.startswith("accepted, then")
    resent = effective - unanswered - batches
    print(f"events received {dataset['received']}, distinct {dataset['distinct']}")
    print(f"batches {batches}, resent {resent}, at most {most_resent}")
    check("distinct events", (OBJECTS - lists) * ROWS, dataset["distinct"])
    check("events sent again with another content", 0, dataset["changed_duplicates"])
    check("members", lists * ROWS, audience["members"])
    check("more batches resent than were in flight", False, resent > most_resent)


# Each gives how many workers lost the answers to what they had out.


def kill(_stage, worker, _chance):
    docker("kill", "--signal", "KILL", worker)
    docker("start", worker)
    return 1


def stop(_stage, worker, _chance):
    docker("stop", worker)
    code = docker("inspect", "--format", "{{.State.ExitCode}}", worker).strip()
    check("exit code of the stopped worker", "0", code)
    docker("start", worker)
    return 0


def cut_off(stage, worker, chance):
    """From AWS and Meta alike."""
    network = f"{stage.project}_default"
    docker("network", "disconnect", network, worker)
    try:
        time.sleep(chance.uniform(1, 8))
    finally:
        docker("network", "connect", network, worker)
    return 1


def silence(stage, worker, chance):
    """AWS does not answer; a worker dies meanwhile."""
    localstack = stage.identifier("localstack")
    docker("pause", localstack)
    try:
        time.sleep(chance.uniform(0.5, 3))
        docker("kill", "--signal", "KILL", worker)
        time.sleep(chance.uniform(0.5, 3))
    finally:
        docker("unpause", localstack)
    docker("start", worker)
    return 1


def cut(stage, _worker, chance):
    rule = {"on": "events", "delay_ms": 2_000, "action": chance.choice(CUTS)}
    stage.simulator("faults", "DELETE")
    # The first rule that acts on a request decides it alone.
    stage.simulator("faults", "POST", [rule, *SLOW])
    return 0


def crowd(number):
    """People of whom none is in another crowd."""
    lines = [HEADER + "c_email_address,ss_net_paid"]
    for person in range(number * ROWS, (number + 1) * ROWS):
        lines.append(f"C{person},Ada,Okafor,14,3,1978,ada{person}@example.com,{person % 97}.50")
    return "\n".join(lines).encode()
