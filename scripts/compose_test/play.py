"""One step after the other, and whatever becomes of them, nothing is left behind."""

import signal
import subprocess
import sys

from .stage import Failed


def play(name, stage, steps):
    """Gives the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    heading = "nothing"
    try:
        for heading, step in steps.items():
            print(f"\n== {heading} (after {stage.elapsed():.0f} s)", flush=True)
            step(stage)
        print(f"\nAll as it should be, in {stage.elapsed():.0f} s.", flush=True)
        return 0
    except (Failed, subprocess.CalledProcessError, OSError, KeyError) as failure:
        sys.stdout.flush()
        stage.print_logs()
        reason = f"an answer has no {failure}" if isinstance(failure, KeyError) else failure
        print(f'\n{name} failed at "{heading}": {reason}', file=sys.stderr)
        return 1
    finally:
        stage.clear()
