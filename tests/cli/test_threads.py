"""How long threads wait awake: `klein` says so before torch is loaded, unless the user has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_READ = (
    "import os, sys; from klein_embedding.cli.main import main\n"
    "sys.argv = ['klein', '--version']\n"
    "try: main()\n"
    "except SystemExit: print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)\n"
)


@pytest.mark.parametrize(
    ("given", "seen"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")],
)
def test_threads_soon_sleep_unless_the_user_says_how_they_wait(
    given: dict[str, str], seen: str
) -> None:
    ours = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, "-c", _READ]
    run = subprocess.run(command, check=True, env=inherited | given, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == f"{seen} False"
