"""Files to read and how long Python takes for them: `make FOLDER` writes them, `time FOLDER` prints milliseconds."""

import json
import pickle
import sys
import time
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[2])


def make():
    random = np.random.RandomState(1)
    weights = random.randn(2_000_000)
    with (FOLDER / "array.pkl").open("wb") as file:
        pickle.dump(weights, file, 4)
    words = {f"word{i}": i for i in range(100_000)}
    with (FOLDER / "vocabulary.pkl").open("wb") as file:
        pickle.dump(words, file, 4)
    optional(make_sklearn, random)
    optional(make_joblib, weights)
    optional(make_torch, random)


def optional(part, argument):
    try:
        part(argument)
    except ImportError as error:
        print(f"{part.__name__}: {error}", file=sys.stderr)


def make_sklearn(random):
    from sklearn.ensemble import RandomForestClassifier
    x = random.randn(2000, 10)
    forest = RandomForestClassifier(100, random_state=1).fit(x, x.sum(1) > 0)
    with (FOLDER / "forest.pkl").open("wb") as file:
        pickle.dump(forest, file, 4)


def make_joblib(weights):
    import joblib
    joblib.dump(weights, FOLDER / "array.joblib")
    rounded = weights.round(2)
    for codec in ("zlib", "bz2", "xz"):
        joblib.dump(rounded[:200_000], FOLDER / f"{codec}.joblib", compress=(codec, 3))


def make_torch(random):
    import torch
    layers = [torch.nn.Linear(512, 512) for _ in range(8)]
    torch.save(torch.nn.Sequential(*layers).state_dict(), FOLDER / "state-dict.torch")
    torch.save(torch.nn.Sequential(*layers), FOLDER / "module.torch")
    torch.save(torch.nn.Sequential(*layers), FOLDER / "legacy.torch", _use_new_zipfile_serialization=False)


def load(path):
    if path.suffix == ".pkl":
        with path.open("rb") as file:
            return pickle.load(file)
    if path.suffix == ".joblib":
        import joblib
        return joblib.load(path)
    import torch
    try:
        return torch.load(path, weights_only=False)
    except TypeError:  # before torch 1.13
        return torch.load(path)


def measure():
    times = {}
    for path in sorted(FOLDER.iterdir()):
        load(path)
        each = []
        for _ in range(3):
            start = time.perf_counter()
            load(path)
            each.append((time.perf_counter() - start) * 1000)
        times[path.name] = min(each)
    print(json.dumps(times))


make() if sys.argv[1] == "make" else measure()
