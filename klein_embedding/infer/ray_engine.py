"""Parts embedded by Ray Data's workers, each of which loads the model once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from klein_embedding.infer.parts import PartJob, PartWorker


def by_ray(job: PartJob, names: list[str]) -> Iterator[dict[str, Any]]:
    """Map `PartWorker` over parts with Ray Data.

    On the cluster that this process belongs to (RAY_ADDRESS), else on this machine, where each
    core gets a worker of one thread. Source and target must be readable under the same paths on
    every machine.

    Args:
        job: What is to be done; its threads are the cores of one worker, 0 for one.
        names: Parts to embed.

    Yields:
        Name and rows of each part, as they are finished.
    """
    if not names:
        return
    import ray  # pyright: ignore[reportMissingImports] - an extra of its own

    begun = not ray.is_initialized()
    if begun:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    # Its progress is ours to show.
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        cores = job.threads or 1
        workers = max(1, min(len(names), int(ray.cluster_resources().get("CPU", 1)) // cores))
        parts = ray.data.from_items(
            [{"part": name} for name in names], override_num_blocks=len(names)
        )
        made = parts.map(
            cast(Any, PartWorker),
            fn_constructor_args=(replace(job, threads=cores),),
            num_cpus=cores,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
        yield from made.iter_rows()
    finally:
        if begun:
            ray.shutdown()
