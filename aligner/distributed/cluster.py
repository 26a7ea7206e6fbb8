"""A Ray cluster: the connection to it, the number of actors (processes with an aligner) that fit, and their options."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from ..errors import DependencyError, OptionError, first_line
from ..models import DEFAULT
from ..options import Option, expect_one_of, settle

if TYPE_CHECKING:
    from ..aligner import Aligner


@dataclass(frozen=True)
class Resources:
    """How much of a cluster is used.

    `actors`: number of aligners; None takes as many as fit. `threads`: cores of each, on processors. `device`: cpu,
    cuda (a GPU for each actor), or auto, which is cuda if the cluster has a GPU.

    Raises:
        OptionError: a value is none of these.
    """

    actors: Annotated[int | None, Option(least=1)] = None
    threads: Annotated[int, Option(least=1)] = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        settle(self)
        expect_one_of("device", self.device, ("auto", "cpu", "cuda"))


@dataclass(frozen=True)
class Model:
    """The model that each actor loads; the fields are arguments of `Aligner.load`, `options` its keywords."""

    name: str = DEFAULT
    dtype: str = "auto"
    trust_remote_code: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self, device: str, threads: int) -> Aligner:
        import torch

        from ..aligner import Aligner

        torch.set_num_threads(threads)
        trust, options = self.trust_remote_code, self.options
        return Aligner.load(
            self.name, device, self.dtype, all_layers=False, trust_remote_code=trust, **options
        )


# What Ray notes about its own work for a dashboard, which `local` does not have: without it, Ray's processes take about
# a tenth less CPU time.
_NO_NOTES = {
    "RAY_enable_metrics_collection": "0",
    "RAY_event_stats": "0",
    "RAY_task_events_report_interval_ms": "0",  # never
}


@contextmanager
def cluster(address: str, actors: int | None = None, threads: int = 1) -> Iterator[None]:
    """A connection to Ray while the context lasts.

    Args:
        address: "local" starts Ray on this machine, "auto" finds a running one; others are passed to `ray.init`.
        actors, threads: for "local", the size of the cluster: `actors` times `threads` cores; by default all cores.

    Raises:
        DependencyError: Ray is not installed.
        OptionError: there is no cluster at the address, or none starts.
    """
    # Otherwise Ray's C++ code prints about restarts that fail, as they all do once the driver's node is gone.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if address == "local":
        for name, value in _NO_NOTES.items():
            os.environ.setdefault(name, value)
    ray = ray_or_error()
    more: dict[str, Any] = {}
    if address == "local":
        more = {"include_dashboard": False}
        if actors is not None:
            more["num_cpus"] = actors * threads  # Ray itself would only count the cores that there are
    try:
        with _without_stderr():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **more)
    except Exception as error:  # Ray raises many kinds, and where a start takes too long, Exception itself
        what = (
            "Ray does not start on this machine"
            if address == "local"
            else f"there is no Ray cluster at {address}"
        )
        raise OptionError(f"{what}: {first_line(error)}") from None
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Discard stderr while the context lasts: Ray's C++ code writes notes there. Failures are raised all the same."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def places(ray: Any, resources: Resources) -> tuple[str, int]:
    """(device, number of actors) that these resources mean on this cluster; connects to Ray if necessary.

    Raises:
        OptionError: no actor fits on a node.
    """
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    device = resources.device
    if device == "auto":
        device = "cuda" if any(node.get("GPU", 0) >= 1 for node in nodes) else "cpu"
    takes = {"CPU": resources.threads} | ({"GPU": 1} if device == "cuda" else {})  # as in `actor_options`
    room = sum(min(int(node.get(name, 0) // count) for name, count in takes.items()) for node in nodes)
    if not room:
        cores = f"{resources.threads} core{'s' * (resources.threads > 1)}"
        wanted = f"a GPU and {cores}" if device == "cuda" else cores
        raise OptionError(f"no node of the cluster has room for an actor, which takes {wanted}", "threads")
    return device, resources.actors or room


def actor_options(ray: Any, device: str, threads: int, actors: int) -> dict[str, Any]:
    """The arguments of `Dataset.map_batches` for these actors.

    The pool has a fixed size, and an actor gets one batch at a time, so that no batch waits for a busy actor.
    """
    strategy = ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=1)
    gpus = {"num_gpus": 1} if device == "cuda" else {}
    return {"compute": strategy, "num_cpus": threads, **gpus}


@contextmanager
def quiet() -> Iterator[None]:
    """Ray Data shows no progress bars and logs only errors while the context lasts."""
    from ray.data import DataContext

    context = DataContext.get_current()
    before = context.enable_progress_bars, context.print_on_execution_start
    context.enable_progress_bars, context.print_on_execution_start = False, False
    ray_logger = logging.getLogger("ray.data")
    level = ray_logger.level
    ray_logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars, context.print_on_execution_start = before
        ray_logger.setLevel(level)


def ray_or_error() -> Any:
    """The module `ray`; DependencyError if it is not installed."""
    try:
        import ray
        import ray.data
        import ray.exceptions
        import ray.util.client
    except ImportError:
        raise DependencyError(
            "a cluster needs Ray, which is not installed: pip install 'xalign-words[ray]'"
        ) from None
    return ray
