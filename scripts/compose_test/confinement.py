"""What the worker's container may not do: as Docker was told, and by trying."""

import subprocess

from .stage import Failed, check, docker

# Has a shell, and is there anyway.
SHELL = "localstack/localstack:4.14.0"


def run(stage):
    worker = stage.container("worker")
    host = worker["HostConfig"]
    check("read-only root file system", True, host["ReadonlyRootfs"])
    check("capabilities taken away", ["ALL"], host["CapDrop"])
    check("capabilities given", None, host["CapAdd"])
    check("security options", ["no-new-privileges:true"], host["SecurityOpt"])
    check("the image's user", "65532:65532", image_user(worker))

    # Not even root could write there.
    refused = within(worker, "touch /proc/1/root/trace")
    check("a file could be written", False, refused.returncode == 0)
    if "Read-only file system" not in refused.stderr:
        raise Failed(f"a file could not be written for another reason: {refused.stderr}")
    status = within(worker, "cat /proc/1/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    # Real, effective, saved and of files.
    check("the user it runs as", ["65532"] * 4, fields["Uid"].split())
    check("capabilities it could ever get", 0, int(fields["CapBnd"], 16))
    check("no new privileges", "1", fields["NoNewPrivs"])


def within(worker, script):
    """Runs a script that sees the worker's processes and files, with root's rights."""
    sidecar = ["run", "--rm", "--user=0", "--cap-add=SYS_PTRACE", f"--pid=container:{worker['Id']}"]
    command = ["docker", *sidecar, "--entrypoint=sh", SHELL, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def image_user(worker):
    return docker("image", "inspect", "--format", "{{.Config.User}}", worker["Image"]).strip()
