"""The MLflow UI, on loopback alone."""

import os
import subprocess
import sys
from collections.abc import Callable

from ganprint.errors import InputError
from ganprint.stages.places import Places

__all__ = ["serve"]


def serve(places: Places, port: int, say: Callable[[str], object]) -> None:
    """Serve the local MLflow store until interrupted.

    Raises
    ------
    InputError
        When there is no local store yet, or the server ends with an error.
    """
    database = places.tracking_store / "mlflow.db"
    if not database.is_file():
        raise InputError(f"{database}: no such file; run 'dvc repro' or 'ganprint track' first")
    say(f"MLflow UI: http://127.0.0.1:{port} (stop with Ctrl-C)")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{database.resolve()}"]
    # One worker and no job runners: one person looks at finished runs. Nothing is reported to anyone.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    try:
        done = subprocess.run([*command, "--workers", "1"], check=False, env={**os.environ, **quiet})  # noqa: S603
    except KeyboardInterrupt:
        return
    if done.returncode not in {0, -2, 130}:
        raise InputError(f"port {port}: the MLflow server ended with status {done.returncode}; try another --port")
