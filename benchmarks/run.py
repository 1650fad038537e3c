"""``python -m benchmarks.run``: measure, and write results.csv and growth.csv with their stamps.

Every number is a median over rounds. In a round each process measures once, one after another,
and the next round goes the other way about, so that a machine that is slower for a while is slower
for all. The first round warms up and is dropped.
"""

import argparse
import os
import time
from contextlib import ExitStack

import pandas as pd
import torch

from benchmarks import setting
from benchmarks.products import step_products
from benchmarks.summary import agree, compare, quartiles
from benchmarks.workers import Skipped, Worker
from studies import stamp

PEERS = ("VAE", "IWAE", "VampPrior")


def rounds(commands: dict, number: int) -> dict[str, list[float]]:
    """Name -> the seconds of every round; ``commands`` are name -> (worker, task, arguments)."""
    seconds = {name: [] for name in commands}
    skipped = {}
    for turn in range(number + 1):
        order = list(commands) if turn % 2 else list(reversed(commands))
        for name in order:
            if name in skipped:
                continue
            worker, task, arguments = commands[name]
            try:
                found = worker.ask(task, **arguments)["seconds"]
            except Skipped as reason:
                skipped[name] = str(reason)
                print(f"skipped: {reason}", flush=True)
                continue
            if turn:
                seconds[name].append(found)
        print(f"round {turn} of {number}" if turn else "warmed up", flush=True)
    return {name: found for name, found in seconds.items() if name not in skipped}


def compare_with_references(budget: dict) -> pd.DataFrame:
    """One row a comparison."""
    path = setting.SCRATCH / "reference.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    run = {"steps": budget["steps"], "few": budget["few"]}
    with ExitStack() as stack:
        bare, ours, peer = (stack.enter_context(Worker(n)) for n in ("products", "ours", "peer"))
        min_scale = ours.ask("reference model", path=str(path), steps=budget["train"])
        same = {"path": str(path), **min_scale}

        commands = {
            "bare": (bare, "products", {"steps": budget["steps"]}),
            "in place": (bare, "products in place", {"steps": budget["steps"]}),
            "VHP-VAE": (ours, "step", {"model": "VHP-VAE", **run}),
        }
        for model in PEERS:
            commands[model] = (ours, "step", {"model": model, **run})
            commands[f"pythae {model}"] = (peer, "step", {"model": model, **run})
        commands["log-likelihood"] = (ours, "likelihood", {"path": str(path)})
        commands["pythae log-likelihood"] = (peer, "likelihood", same)
        seconds = rounds(commands, budget["rounds"])

        rows = [
            {"what": "VHP-VAE", "reference": "matrix products"}
            | compare(seconds["VHP-VAE"], seconds["bare"]),
            {"what": "VHP-VAE", "reference": "matrix products in place"}
            | compare(seconds["VHP-VAE"], seconds["in place"]),
        ]
        for what in (*PEERS, "log-likelihood"):
            if what in seconds:
                row = compare(seconds[what], seconds[f"pythae {what}"])
                rows.append({"what": what, "reference": "pythae", **row})

        samples = {"VAE": 1, "IWAE": setting.K, "log-likelihood": setting.LIKELIHOOD_SAMPLES}
        for row in rows:
            row["limit"] = setting.LIMITS[row["what"]]
            if row["reference"].endswith("in place"):
                row["limit"] = None
            if row["what"] in samples:
                size = {"num_samples": samples[row["what"]], "draws": budget["draws"]}
                theirs = peer.ask("values", **same, **size)
                row |= agree(ours.ask("values", path=str(path), **size)["values"], theirs["values"])
                if theirs["surrogates"]:
                    row["surrogate"] = sum(theirs["surrogates"]) / len(theirs["surrogates"])
    return pd.DataFrame(rows)


def growth(budget: dict) -> pd.DataFrame:
    """One row a size and place of the data: time a step and, of the data's sizes, memory."""
    settings = []
    for n in setting.GROWTH["frames"]:
        if n > budget.get("most_frames", n):
            continue
        path = str(setting.frames_file(n))
        settings += [
            ("frames", n, place, {"path": path, "mapped": place == "mapped"})
            for place in ("memory", "mapped")
        ]
    settings += [("K", n, "memory", {"num_importance_samples": n}) for n in setting.GROWTH["K"]]
    settings += [("d_z", n, "memory", {"z_dim": n}) for n in setting.GROWTH["d_z"]]
    settings += [("width", n, "memory", {"hidden": [n, n]}) for n in setting.GROWTH["width"]]

    run = {"steps": budget["steps"], "few": budget["few"]}
    with Worker("ours") as worker:
        commands = {s[:3]: (worker, "growth step", {**s[3], **run}) for s in settings}
        seconds = rounds(commands, budget["growth_rounds"])
    rows = []
    for factor, value, place, arguments in settings:
        times = seconds[factor, value, place]
        row = {"factor": factor, "value": value, "data": place, "repetitions": len(times)}
        row |= quartiles("step_ms", [1e3 * t for t in times])
        sizes = {"frames": {}, "K": {"K": value}, "d_z": {"z_dim": value}}
        products = step_products(**sizes.get(factor, {"hidden": (value, value)}))
        row["gigaflops"] = sum(product.flops for product in products) / 1e9
        if factor == "frames":
            with Worker("ours") as fresh:  # a process of its own: memory is not given back
                row["peak_mb"] = fresh.peak_anonymous("growth step", **arguments, **run)
            print(f"{value} frames, {place}: {row['peak_mb']:.0f} MB", flush=True)
        rows.append(row)
    return pd.DataFrame(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", choices=setting.BUDGETS, default="full")
    parser.add_argument("--only", choices=("results", "growth"), help="one of the two tables")
    options = parser.parse_args(arguments)
    budget = setting.BUDGETS[options.budget]
    torch.set_num_threads(setting.THREADS)
    for name, measure in (("results", compare_with_references), ("growth", growth)):
        if options.only not in (None, name):
            continue
        start, load = time.perf_counter(), os.getloadavg()[0]
        table = measure(budget)
        configuration = {
            "budget": options.budget,
            **budget,
            **{
                n.lower(): getattr(setting, n)
                for n in ("X_DIM", "Z_DIM", "HIDDEN", "BATCH", "K", "PSEUDO_INPUTS", "THREADS",
                          "FRAMES", "LIKELIHOOD_SAMPLES", "LIKELIHOOD_POINTS")
            },
            "gigaflops_a_step": sum(product.flops for product in step_products()) / 1e9,
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "load_before": round(load, 2),
        }  # fmt: skip
        minutes = (time.perf_counter() - start) / 60
        stamp.write(name, table, configuration, minutes, folder=setting.HERE, packages=["pythae"])
        print(table.to_string())
        print(f"{setting.HERE / name}.csv: {minutes:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
