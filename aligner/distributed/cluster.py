"""A Ray cluster -> how many actors with an aligner it has room for, on what, and what each is given."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import DependencyError, OptionError
from ..models import DEFAULT

if TYPE_CHECKING:
    from ..aligner import Aligner


@dataclass(frozen=True)
class Resources:
    """`actors`: None takes as many as there is room for. `threads`: cores of each. `device`: auto takes GPUs if any."""

    actors: int | None = None
    threads: int = 1
    device: str = "auto"


@dataclass(frozen=True)
class Model:
    """What each actor loads, by the arguments of `Aligner.load`."""

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


@contextmanager
def cluster(address: str, actors: int | None = None, threads: int = 1) -> Iterator[None]:
    """A connection to Ray: "local" starts one on this machine, "auto" finds one, others are `ray.init`'s.

    Raises:
        DependencyError: Ray is not installed.
        OptionError: there is no cluster at the address.
    """
    # Or its C++ tells of restarts that may fail, which they do where the driver's node is gone, and with it all else.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    ray = ray_or_error()
    more: dict[str, Any] = {}
    if address == "local":
        more = {"include_dashboard": False}
        if actors is not None:
            more["num_cpus"] = actors * threads  # which Ray would not count on this machine
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **more)
    except (ConnectionError, RuntimeError, ValueError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise OptionError(f"there is no Ray cluster at {address}: {reason}") from None
    try:
        yield
    finally:
        ray.shutdown()


def places(ray: Any, resources: Resources) -> tuple[str, int]:
    """(device, number of actors) for what the cluster has."""
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    has = ray.cluster_resources()
    device = resources.device
    if device == "auto":
        device = "cuda" if has.get("GPU", 0) >= 1 else "cpu"
    if device not in ("cpu", "cuda"):
        raise OptionError(f"device is {device!r}: on a cluster it is auto, cpu or cuda", "device")
    room = has.get("GPU", 0) if device == "cuda" else has.get("CPU", 0) // resources.threads
    if room < 1:
        wanted = "a GPU" if device == "cuda" else f"a node with {resources.threads} cores"
        raise OptionError(f"the cluster has no room for an actor, which takes {wanted}")
    return device, resources.actors or int(room)


def actor_options(ray: Any, device: str, threads: int, actors: int) -> dict[str, Any]:
    """Those of `map_batches`: a fixed pool, and one batch for an actor at a time: none waits behind a busy one."""
    strategy = ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=1)
    gpus = {"num_gpus": 1} if device == "cuda" else {}
    return {"compute": strategy, "num_cpus": threads, **gpus}


@contextmanager
def quiet() -> Iterator[None]:
    """Ray Data draws no bars, and says what goes wrong alone."""
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
    """The module; DependencyError where it is not installed."""
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
