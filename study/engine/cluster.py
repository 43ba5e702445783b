"""Starting and stopping Ray so that it is closed, quiet and leaves nothing behind.

Everything that must be in the environment before ``import ray`` is set here, so nothing else imports Ray at its top.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from results.errors import UserError
from study.engine.temporary import temporary_folder

INSIDE = "r"  # Ray's own folder, whose modes Ray widens to 0777, within one that is 0700 and stays so


class CannotStart(UserError):
    """Ray does not start on this machine."""


MEMORY_MONITOR = "RAY_memory_monitor_refresh_ms"

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a trainable's relative paths keep their meaning
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a result that lacks something ends its trial, not the sweep
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune waits for running epochs; the engine does not
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # records are the truth; Tune's own snapshots are never read
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_THRESHOLD_S": "3600",
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "86400",  # a trial's slow end must not fail the next; --trial-timeout bounds it
}
ALONE = {
    # Ray would kill workers where other programs fill the memory, and Tune give up. Linux kills Ray's workers before
    # all else, the largest first: the one that is to blame, and a death like any other.
    MEMORY_MONITOR: os.environ.get(MEMORY_MONITOR, "0"),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # read on import: without a cluster Ray stays on 127.0.0.1
    "RAY_AUTH_MODE": "token",  # nor may another user of this machine talk to it
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # one of our own, so that Ray leaves none in the home folder
}


def import_ray(address: str | None = None) -> ModuleType:
    """Import Ray with the environment it must find."""
    os.environ.update(QUIET)
    if address is None and "ray" not in sys.modules:  # what is read on import, a Ray already imported has missed
        os.environ.update(ALONE)
    return importlib.import_module("ray")


@contextlib.contextmanager
def started(
    *,
    address: str | None,
    cpus: int,
    gpus: int,
    worker_env: Mapping[str, str],
    modules: list[str] | None = None,
    object_store_bytes: int | None = None,
) -> Iterator[Path | None]:
    """Hold a Ray of our own on loopback, or join the cluster at ``address``; yield its folder, None for a cluster.

    Args:
        address: of a cluster; None for a Ray of our own, with ``cpus`` and ``gpus``.
        cpus: cores to share out.
        gpus: GPUs to share out.
        object_store_bytes: size of shared memory; None leaves it to Ray.
        worker_env: environment variables of the worker processes.
        modules: package folders that a cluster's nodes get a copy of.

    Raises:
        UserError: the cluster cannot be reached.
    """
    ray = import_ray(address)
    if ray.is_initialized():
        raise RuntimeError("Ray is already running in this process")
    common: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": "ERROR",
        "configure_logging": False,
        "namespace": f"study-{secrets.token_hex(8)}",  # on a shared cluster, process numbers may be alike
    }
    if address is not None:
        environment: dict[str, Any] = {"env_vars": {**_worker_switches(), **worker_env}}
        if modules:
            environment["py_modules"] = modules
        common.pop("include_dashboard")
        reachable(address)
        try:
            ray.init(address=address, runtime_env=environment, **common)
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            raise UserError(
                f"cannot join the Ray cluster at --address '{address}': {str(error).splitlines()[0]} (where its nodes "
                f"have RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH set, set them here too)"
            ) from error
        try:
            yield None
        finally:
            ray.shutdown()
        return
    before = {name: os.environ.get(name) for name in worker_env}
    with temporary_folder() as outside:
        folder = outside / INSIDE
        folder.mkdir()
        os.environ.update(worker_env)  # Ray's processes inherit it: workers that Ray starts ahead of need can be used
        try:
            try:
                _start(
                    ray,
                    address="local",
                    num_cpus=cpus,
                    num_gpus=gpus,
                    _temp_dir=str(folder),
                    object_store_memory=object_store_bytes,
                    **common,
                )
            finally:
                for name, value in before.items():
                    os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
            yield folder
        finally:
            ray.shutdown()


def _start(ray: ModuleType, **arguments: Any) -> None:
    """Start Ray. Not tried again here: what a failed start leaves running ends this process a minute later."""
    try:
        ray.init(**arguments)
    except Exception as error:
        if "timed out" in str(error) or isinstance(error, TimeoutError):
            raise CannotStart(
                f"Ray did not start, as on a machine too busy for it; the same command tries again: "
                f"{str(error).splitlines()[0]}"
            ) from error
        raise


def reachable(address: str) -> None:
    """Raise UserError where nothing answers at HOST:PORT: Ray itself would wait for five minutes."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in address:
        raise UserError(f"--address '{address}' is not HOST:PORT, as 'ray start --head' prints it")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"no Ray cluster at --address '{address}': {why}") from None


def _worker_switches() -> dict[str, str]:
    return {name: QUIET[name] for name in ("RAY_CHDIR_TO_TRIAL_DIR", "TUNE_FUNCTION_THREAD_TIMEOUT_S")}
