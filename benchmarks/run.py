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
from benchmarks.summary import agree, compare, quartiles, verdict
from benchmarks.workers import Skipped, Worker
from studies import stamp

PEERS = ("VAE", "IWAE", "VampPrior")  # of pythae
# What VHP-VAE is compared with: reference -> process, task and its own arguments.
REFERENCES = {
    "matrix products": ("products", "products", {}),
    "matrix products in place": ("products", "products in place", {}),
    "JAX": ("jax_peer", "step", {}),
    "JAX, scanned": ("jax_peer", "scan", {}),
    "torch.compile": ("plain", "step", {"compiled": True}),
    "PyTorch, plain": ("plain", "step", {"compiled": False}),
}


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
        names = ("products", "ours", "peer", "jax_peer", "plain")
        workers = {name: stack.enter_context(Worker(name)) for name in names}
        ours, peer = workers["ours"], workers["peer"]
        min_scale = ours.ask("reference model", path=str(path), steps=budget["train"])
        of_vhp = path.with_name("reference-vhp.safetensors")
        ours.ask("reference model", path=str(of_vhp), steps=budget["train"], model="VHP-VAE")
        same = {"path": str(path), **min_scale}

        commands = {"VHP-VAE": (ours, "step", {"model": "VHP-VAE", **run})}
        for name, (worker, task, own) in REFERENCES.items():
            commands[name] = (workers[worker], task, run | own)
        for model in PEERS:
            commands[model] = (ours, "step", {"model": model, **run})
            commands[f"pythae {model}"] = (peer, "step", {"model": model, **run})
        commands["log-likelihood"] = (ours, "likelihood", {"path": str(path)})
        commands["pythae log-likelihood"] = (peer, "likelihood", same)
        seconds = rounds(commands, budget["rounds"])

        rows = [
            {"what": "VHP-VAE", "reference": name} | compare(seconds["VHP-VAE"], seconds[name])
            for name in REFERENCES
            if name in seconds
        ]
        for what in (*PEERS, "log-likelihood"):
            if what in seconds:
                row = compare(seconds[what], seconds[f"pythae {what}"])
                rows.append({"what": what, "reference": "pythae", **row})

        samples = {"VAE": 1, "IWAE": setting.K, "log-likelihood": setting.LIKELIHOOD_SAMPLES}
        for row in rows:
            row["limit"] = setting.LIMITS.get((row["what"], row["reference"]))
            row["verdict"] = verdict(row)
            if row["reference"] == "JAX":
                asked = {"path": str(of_vhp), "draws": 5 * budget["draws"]}
                pair = (w.ask("terms", **asked)["values"] for w in (ours, workers["jax_peer"]))
                row |= agree(*pair)
            if row["what"] in samples:
                size = {"num_samples": samples[row["what"]], "draws": budget["draws"]}
                theirs = peer.ask("values", **same, **size)
                row |= agree(ours.ask("values", path=str(path), **size)["values"], theirs["values"])
                if theirs["surrogates"]:
                    row["surrogate"] = sum(theirs["surrogates"]) / len(theirs["surrogates"])
    return pd.DataFrame(rows)


def growth(budget: dict) -> pd.DataFrame:
    """One row a size and place of the data: time a step and, of the data's sizes, memory.

    For the data's sizes also each round's time over that of the fewest frames in the same round.
    """
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
            fewest = seconds[factor, setting.GROWTH["frames"][0], place]
            ratios = [t / first for t, first in zip(times, fewest, strict=True)]
            row |= quartiles("ratio", ratios)
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
