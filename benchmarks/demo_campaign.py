"""Runs the demo many times, each with another seed: `python benchmarks/demo_campaign.py 20`.

A run holds when `esep demo` says so by its exit code. A failure keeps its directory and names the
command that runs it again.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main(runs: int) -> int:
    failed = 0
    for seed in range(1, runs + 1):
        directory = Path(tempfile.mkdtemp(prefix="esep-demo-"))
        report = directory / "report.json"
        command = [sys.executable, "-m", "esep", "demo", "--headless", "--for", "75"]
        command += ["--seed", str(seed), "--report", str(report), "--data", str(directory / "data")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            frames = json.loads(report.read_text())["frames"]
            print(f"run {seed}: holds; {frames}", flush=True)
            shutil.rmtree(directory)
        else:
            failed += 1
            print(f"run {seed}: FAILS, again with: {' '.join(command)}", flush=True)
            print("\n".join(done.stdout.splitlines()[-15:]), done.stderr[-2000:], flush=True)
    print(f"{runs - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
