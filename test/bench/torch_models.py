"""Modules and TorchScript as torch saves and runs them: `torch_models.py FOLDER`, spoken to as protocol.py says.

{"do": "make"}                     saves what it can into FOLDER, with the rows to ask for; says what is there
{"do": "load", "model": M}         milliseconds of torch's load and a first row
{"do": "answer", "model": M}       what it gives for 64 rows
{"do": "time", "model": M, "rows": N, "ms": T}   the median call, in microseconds, of about T milliseconds of calls
"""

import sys
from pathlib import Path

from protocol import median_us, once_ms, serve

import numpy as np
import torch
from torch import nn

FOLDER = Path(sys.argv[1])
ROWS = 64
torch.set_num_threads(1)


def logistic():
    return nn.Sequential(nn.Linear(69, 1), nn.Sigmoid())


def mlp():
    return nn.Sequential(nn.Linear(69, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2), nn.Softmax(1))


def cnn():
    first = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(784, 10))


def lstm():
    return nn.LSTM(8, 32, batch_first=True)


class LastStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        return torch.softmax(self.head(self.lstm(x)[0][:, -1]), 1)


def pipeline():
    import sk2torch
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    random = np.random.default_rng(1)
    x = random.standard_normal((500, 69))
    return sk2torch.wrap(make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")).fit(x, x[:, 0] > 0))


def resnet18():
    from torchvision.models import resnet18
    return resnet18()


# What is saved as a module or as TorchScript, the size of a row, of which kind it is (as the aims are).
MODELS = {
    "logistic regression": (logistic, "module", (69,), "small"),
    "MLP 69-64-64-2": (mlp, "module", (69,), "small"),
    "small CNN, 28x28": (cnn, "module", (1, 28, 28), "other"),
    "LSTM, 16 steps": (lstm, "module", (16, 8), "other"),
    "sk2torch pipeline, script": (pipeline, "script", (69,), "other"),
    "small CNN, script": (cnn, "script", (1, 28, 28), "other"),
    "LSTM, script": (LastStep, "script", (16, 8), "other"),
    "ResNet-18, script": (resnet18, "script", (3, 224, 224), "slow"),
}
loaded, inputs = {}, {}


def file_of(name):
    return FOLDER / f"{name}.{'torch' if MODELS[name][1] == 'module' else 'pt'}"


def opened(name):
    if MODELS[name][1] == "script":
        return torch.jit.load(str(file_of(name)))
    try:
        return torch.load(file_of(name), weights_only=False)
    except TypeError:  # before torch 1.13
        return torch.load(file_of(name))


def make():
    made, absent = [], []
    for name, (build, form, row, kind) in MODELS.items():
        torch.manual_seed(1)
        try:
            model = build().eval()
        except ImportError as error:
            absent.append(f"{name} ({error})")
            continue
        if form == "script":
            torch.jit.script(model).save(str(file_of(name)))
        else:
            torch.save(model, file_of(name))
        dtype = next((tensor.dtype for tensor in [*model.parameters(), *model.buffers()]), torch.float32)
        inputs[name] = torch.randn(ROWS, *row, dtype=dtype)
        (FOLDER / f"{name}.rows").write_bytes(inputs[name].numpy().tobytes())
        loaded[name] = opened(name)
        kinds = {"kind": kind, "dtype": str(dtype).replace("torch.", ""), "row": row, "rows": [1, ROWS]}
        made.append({"name": name, "file": file_of(name).name, "method": "forward", **kinds})
    return {"models": made, "absent": absent}


def load(name):
    return once_ms(lambda: opened(name)(inputs[name][:1]))


def answer(name):
    answered = loaded[name](inputs[name])
    return {"forward": (answered[0] if isinstance(answered, tuple) else answered).tolist()}


def measure(name, rows, ms):
    model, x = loaded[name], inputs[name][:rows]
    return median_us(lambda: model(x), ms)


with torch.no_grad():
    serve(make=make, load=load, answer=answer, time=measure)
