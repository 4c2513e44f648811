"""One file that is disturbed while it is on its way, and arrives all the same.

Each attempt goes on from where the ledger says; what is sent again are the requests
that were out at the kill, the same events under the same ids, which Meta counts once.
"""

import time

from .stage import QUEUE, check, docker, wait_until
from .trip import check_receipt

ROUTE, KEY = "store-buyers", "meta/conversions/crowd.csv"
HEADER = "c_customer_id,c_first_name,c_last_name,c_birth_day,c_birth_month,c_birth_year,"
ROWS = 60_000
EVENTS_PER_REQUEST = 1_000
# The file takes ROWS / EVENTS_PER_REQUEST / 8 in flight times this, 15 s.
SLOW = {"on": "events", "times": None, "delay_ms": 2_000}
# Nobody is identified by a blank row.
BLANK_EVERY = 1_000


def run(stage):
    before = stage.dataset()
    stage.simulator("faults", "POST", [SLOW])
    stage.drop(KEY, crowd())
    worker = stage.identifier("worker")

    wait_until_under_way(stage)
    took = stop(worker)
    print(f"docker stop: exit code 0 after {took:.1f} s")
    check("messages, visible and not, after the stop", (1, 0), stage.messages(QUEUE))
    docker("start", worker)

    wait_until_under_way(stage)
    docker("kill", "--signal", "KILL", worker)
    check("exit code after the kill", 137, stage.container("worker")["State"]["ExitCode"])
    docker("start", worker)
    print("docker kill: started again")

    wait_until_under_way(stage)
    localstack = stage.identifier("localstack")
    docker("pause", localstack)
    try:
        wait_until("the worker notices that AWS is silent", 60, lambda: not stage.ready())
        check("health while AWS is silent", "healthy", health(stage))
    finally:
        docker("unpause", localstack)
    print("docker pause: noticed")
    wait_until("the worker is ready again", 60, stage.ready)
    stage.simulator("faults", "DELETE")

    valid = ROWS - ROWS // BLANK_EVERY
    receipt = stage.receipt(ROUTE, KEY)
    check_receipt(receipt, KEY, read=ROWS, sent=valid)
    stage.check_queues_empty()
    dataset = stage.dataset()
    check("distinct events", valid, dataset["distinct"] - before["distinct"])
    check("events sent again with another content", 0, dataset["changed_duplicates"])
    check("health at the end", "healthy", health(stage))
    check("starts by Docker itself", 0, stage.container("worker")["RestartCount"])
    print(f"{valid} valid rows arrived, all of them; {dataset['duplicates']} events came again")


def stop_idle(stage):
    took = stop(stage.identifier("worker"))
    print(f"docker stop: exit code 0 after {took:.1f} s")


def wait_until_under_way(stage):
    """Some events of this attempt have arrived; that others have not, the delay sees to."""
    start = stage.dataset()["received"]
    wait_until("the file is under way", 60, lambda: stage.dataset()["received"] > start)


def stop(worker):
    started = time.monotonic()
    docker("stop", worker)
    # 137 would be the kill at the end of the grace period.
    code = docker("inspect", "--format", "{{.State.ExitCode}}", worker).strip()
    check("exit code of the stopped worker", "0", code)
    return time.monotonic() - started


def health(stage):
    return stage.container("worker")["State"]["Health"]["Status"]


def crowd():
    lines = [HEADER + "c_email_address,ss_net_paid"]
    for number in range(ROWS):
        if number % BLANK_EVERY == 0:
            lines.append(",,,,,,,1.00")
        else:
            lines.append(f"C{number},Ada,Okafor,14,3,1978,ada{number}@example.com,{number % 97}.50")
    return "\n".join(lines).encode()
