"""Starting and stopping Ray so that it is closed, quiet and leaves nothing behind.

Everything that must be in the environment before ``import ray`` is set here, so nothing else imports Ray at its top.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from results.errors import UserError
from study.engine import guard
from study.engine.signals import interrupted_at_once
from study.engine.temporary import Watch, temporary_folder

INSIDE = "r"  # Ray's own folder, whose modes Ray widens to 0777, within one that is 0700 and stays so

PATIENCE = 90  # seconds for each part of the start
LONG = 20.0  # seconds of start, usually 3 to 7, after which a line is said


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
    "TUNE_MAX_PENDING_TRIALS_PG": "100000",  # one that waits for its worker to start holds no other up: slots do
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "86400",  # a trial's slow end must not fail the next; --trial-timeout bounds it
}
ALONE = {
    # Ray would kill workers where other programs fill the memory, and Tune give up. Linux kills Ray's workers before
    # all else, the largest first: the one that is to blame, and a death like any other.
    MEMORY_MONITOR: os.environ.get(MEMORY_MONITOR, "0"),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # read on import: without a cluster Ray stays on 127.0.0.1
    "RAY_gcs_server_port_wait_time_s": str(PATIENCE),  # a machine with a load of 20 takes more than its 30 seconds
    "RAY_raylet_start_wait_time_s": str(PATIENCE),
    "RAY_gcs_rpc_server_reconnect_timeout_s": "86400",  # its library ends this process a minute after gcs_server died
    # Its library takes the raylet for dead, and ends this process in the middle of ray.shutdown(), where that has ended
    # and this process's parent is process 1, as in containers; unless it is told of another process, which it watches.
    "RAY_RAYLET_PID": str(os.getpid()),
    "RAY_AUTH_MODE": "token",  # nor may another user of this machine talk to it
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # one of our own, so that Ray leaves none in the home folder
}


class CannotStart(UserError):
    """There is no Ray, or it does not start on this machine. This process can do something else."""


class Daemons:
    """Watches the processes that a Ray of our own cannot do without, from its start until its end.

    Where one was killed the process ends, with a line and code 2, from the watching thread: a call that waits for a
    gcs_server which is no more returns neither by a signal nor if another one is started, and without its raylet
    Ray's library ends the process within a second by itself, with code 1 and without a word.

    Args:
        say: prints a line, whatever else is silent.
        screen: descriptor of where that goes.
    """

    def __init__(self, say: Callable[[str], object], screen: int) -> None:
        self.before_end: Callable[[], object] = lambda: None  # called first
        self.watch = Watch(screen)  # by another process, where this one is held or ended by Ray's library
        self._say = say
        self._over = threading.Event()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look at them."""
        thread = threading.Thread(target=self._watch, name="daemons", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self.watch.expected()
            thread.join()

    def _watch(self) -> None:
        held: dict[int, str] = {}
        while not self._over.is_set():
            guard.hold(held, "self")
            waiting = select.poll()  # not select.select, which takes no descriptor above 1,023
            for descriptor in held:
                waiting.register(descriptor, select.POLLIN)
            dead = waiting.poll(guard.LOOK_EVERY)
            if dead and not self._over.is_set():
                self.before_end()
                self.watch.expected()
                self._say(guard.killed(held[dead[0][0]]))
                os._exit(2)
        for descriptor in held:
            os.close(descriptor)


def import_ray(address: str | None = None) -> ModuleType:
    """Import Ray with the environment it must find. Raises CannotStart where it is not installed."""
    os.environ.update(QUIET)
    if address is None and "ray" not in sys.modules:  # what is read on import, a Ray already imported has missed
        os.environ.update(ALONE)
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise CannotStart(f"Ray is not installed: {error}") from error
    ray._private.utils.set_sigterm_handler = lambda handler: None  # it would replace ours, and end us with code 15
    return ray


@contextlib.contextmanager
def started(
    *,
    address: str | None,
    cpus: int,
    gpus: int,
    worker_env: Mapping[str, str],
    modules: list[str] | None = None,
    say: Callable[[str], object] = lambda line: None,
    daemons: Daemons | None = None,
) -> Iterator[Path | None]:
    """Hold a Ray of our own on loopback, or join the cluster at ``address``; yield its folder, None for a cluster.

    Args:
        address: of a cluster; None for a Ray of our own, with ``cpus`` and ``gpus``.
        cpus: cores to share out.
        gpus: GPUs to share out.
        worker_env: environment variables of the worker processes.
        modules: package folders that a cluster's nodes get a copy of.
        say: is told, from another thread, where the start takes long.
        daemons: watches over a Ray of our own.

    Raises:
        UserError: the cluster cannot be reached.
        CannotStart: there is no Ray, or it does not start on this machine. Nothing of it is left.
        KeyboardInterrupt: Ctrl-C or SIGTERM, while it starts.
    """
    ray = import_ray(address)
    if ray.is_initialized():
        raise RuntimeError("Ray is already running in this process")
    common: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": "ERROR",
        "configure_logging": False,
        "namespace": f"study-{secrets.token_hex(8)}",  # on a shared cluster, process numbers may be alike
    }
    if address is not None:
        try:
            _join(ray, address, worker_env, modules, common)
            yield None
        finally:
            ray.shutdown()
        return
    with temporary_folder(
        watch=daemons.watch if daemons else None
    ) as outside:  # what does not end with Ray's shutdown, ends with the folder
        folder = outside / INSIDE
        folder.mkdir()
        common |= {"num_cpus": cpus, "num_gpus": gpus}
        try:
            with daemons.watched() if daemons else contextlib.nullcontext():
                with _environment(worker_env), _patient(ray), _told(say), interrupted_at_once():
                    _start(ray, address="local", _temp_dir=str(folder), include_dashboard=False, **common)
                yield folder
        finally:
            ray.shutdown()


def _join(
    ray: ModuleType, address: str, worker_env: Mapping[str, str], modules: list[str] | None, common: dict[str, Any]
) -> None:
    environment: dict[str, Any] = {"env_vars": {**_worker_switches(), **worker_env}}
    if modules:
        environment["py_modules"] = modules
    reachable(address)
    try:
        with interrupted_at_once():
            ray.init(address=address, runtime_env=environment, **common)
    except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        raise UserError(
            f"cannot join the Ray cluster at --address '{address}': {str(error).splitlines()[0]} (where its nodes "
            f"have RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH set, set them here too)"
        ) from error


def _start(ray: ModuleType, **arguments: Any) -> None:
    """Start Ray, once: on a machine too busy for it another start has no better chance than a longer wait."""
    try:
        ray.init(**arguments)
    except Exception as error:  # Ray raises bare Exception, RuntimeError, TimeoutError, and errors of its own
        raise CannotStart(f"Ray does not start on this machine: {' '.join(str(error).split())[:300]}") from error


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set what Ray's processes inherit: workers that Ray starts ahead of need can then be used."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


@contextlib.contextmanager
def _told(say: Callable[[str], object]) -> Iterator[None]:
    """Say a line where it takes long."""
    line = "Ray takes its time to start, as it does on a busy machine; still waiting"
    timer = threading.Timer(LONG, say, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _patient(ray: ModuleType) -> Iterator[None]:
    """Give a node longer to report than the 30 seconds that Ray's code has as a number, not as a setting."""
    services = ray._private.services
    ask = services.get_node

    def get_node(*arguments: Any, **named: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return ask(*arguments, **named)
            except RuntimeError:  # not yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    services.get_node = get_node
    try:
        yield
    finally:
        services.get_node = ask


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
