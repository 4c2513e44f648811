"""The containers of compose.yaml, and how the steps look at them."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "examples" / "audience.csv"

# As compose.yaml and examples/compose.toml have them.
BUCKET, STATE = "cleanroom-activations", "audience-activation-state"
QUEUE, DEAD_LETTERS = "audience-activation", "audience-activation-dead-letters"
DATASET, AUDIENCE = "1000000000000001", "2000000000000001"
SERVICES = ("localstack", "simulator", "worker")

SETTINGS = {
    # An empty port lets Docker choose one that is free.
    "LOCALSTACK_PORT": "",
    "SIMULATOR_PORT": "",
    "WORKER_PORT": "",
    # A queue that does not answer is noticed, and what a killed worker had in hand is
    # free, within seconds.
    "ACTIVATOR_QUEUE_WAIT_SECONDS": "2",
    "ACTIVATOR_QUEUE_VISIBILITY_SECONDS": "12",
    "ACTIVATOR_LEDGER_LEASE_SECONDS": "10",
    # Whatever can be logged is looked at for what must not be.
    "ACTIVATOR_LOG_LEVEL": "trace",
}


class Failed(Exception):
    """What did not happen, in a sentence."""


def check(what, expected, found):
    if expected != found:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


def wait_until(what, seconds, look):
    """The first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.3)
    raise Failed(f"{what}: not so after {seconds} s")


def docker(*arguments):
    return subprocess.check_output(["docker", *arguments], text=True)


class Stage:
    def __init__(self):
        self.project = f"activator-test-{os.getpid()}"
        self.started = time.monotonic()
        self.containers = {}

    def elapsed(self):
        return time.monotonic() - self.started

    def compose(self, *arguments, **options):
        return subprocess.run(
            [ROOT / "scripts" / "compose", "--project-name", self.project, *arguments],
            env=os.environ | SETTINGS,
            **{"check": True, "stdin": subprocess.DEVNULL} | options,
        )

    def build(self):
        self.compose("build")

    def start(self):
        self.compose("up", "--detach", "--no-build")
        self.wait_until_healthy()

    def clear(self):
        self.compose("down", "--volumes", "--remove-orphans")

    def print_logs(self):
        for service in SERVICES:
            logs = ("logs", "--no-color", "--tail", "200", service)
            logged = self.compose(*logs, stdout=subprocess.PIPE, check=False).stdout.decode()
            # What its own health check asks is most of what LocalStack logs.
            lines = [line for line in logged.splitlines() if "/_localstack/" not in line]
            print(f"\n--- the end of {service}'s log", *lines[-40:], sep="\n", file=sys.stderr)

    def identifier(self, service):
        """Of the service's container, even if that has ended."""
        if service not in self.containers:
            listed = self.compose("ps", "--all", "--quiet", service, stdout=subprocess.PIPE)
            self.containers[service] = listed.stdout.decode().split()[0]
        return self.containers[service]

    def container(self, service):
        """What Docker says of it."""
        return json.loads(docker("inspect", self.identifier(service)))[0]

    def url(self, service, port, path):
        # The port on this machine is another one after each start.
        ports = self.container(service)["NetworkSettings"]["Ports"]
        return f"http://127.0.0.1:{ports[f'{port}/tcp'][0]['HostPort']}{path}"

    def wait_until_healthy(self):
        def healthy():
            state = self.container("worker")["State"]
            if not state["Running"]:
                raise Failed(f"the worker ended with exit code {state['ExitCode']}")
            return state["Health"]["Status"] == "healthy" and self.ready()

        wait_until("the worker is healthy and ready", 60, healthy)

    def ready(self):
        try:
            with urllib.request.urlopen(self.url("worker", 9090, "/readyz"), timeout=5):
                return True
        except urllib.error.HTTPError as unready:
            check("the status of /readyz", 503, unready.code)
            return False

    def simulator(self, command, method="GET", body=None):
        request = urllib.request.Request(
            self.url("simulator", 8080, f"/_simulator/{command}"),
            method=method,
            data=json.dumps(body).encode() if body else None,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def dataset(self):
        """What arrived there so far."""
        return self.simulator("inspect")["datasets"][DATASET]

    def aws(self, *arguments, stdin=b""):
        """The answer of a call, made within LocalStack's container."""
        command = ["docker", "exec", "-i", self.identifier("localstack"), "awslocal"]
        called = subprocess.run(
            [*command, "--output", "json", *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            check=True,
        )
        return called.stdout

    def drop(self, key, content):
        self.aws("s3", "cp", "-", f"s3://{BUCKET}/{key}", stdin=content)

    def receipt(self, route, key):
        """The receipt of the one version of this object, once it is there."""
        # Path by route, bucket and key; the name is that of the version.
        folder = f"receipts/{route}/{BUCKET}/{key}/"

        def found():
            answer = self.aws("s3api", "list-objects-v2", "--bucket", STATE, "--prefix", folder)
            return json.loads(answer or "{}").get("Contents")

        (kept,) = wait_until(f"a receipt of {key}", 120, found)
        return json.loads(self.aws("s3", "cp", f"s3://{STATE}/{kept['Key']}", "-"))

    def messages(self, queue):
        """How many are visible, and how many are being worked on."""
        url = f"http://localstack:4566/queue/us-east-1/000000000000/{queue}"
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        call = ("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", *names)
        attributes = json.loads(self.aws(*call))["Attributes"]
        return tuple(int(attributes[name]) for name in names)

    def check_queues_empty(self):
        for queue in (QUEUE, DEAD_LETTERS):
            wait_until(f"{queue} is empty", 30, lambda: self.messages(queue) == (0, 0))
