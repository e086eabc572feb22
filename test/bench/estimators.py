"""Estimators as Python fits, saves and runs them: `estimators.py FOLDER`, spoken to as protocol.py says.

{"do": "make"}                     fits and saves what it can into FOLDER, with the rows to ask for; says what is there
{"do": "load", "model": M}         milliseconds of joblib.load and a first row
{"do": "answer", "model": M}       what each method gives for all rows
{"do": "time", "model": M, "rows": N, "ms": T}   the median call, in microseconds, of about T milliseconds of calls
"""

import json
import sys
from pathlib import Path

from protocol import median_us, once_ms, serve

import joblib
import numpy as np

FOLDER = Path(sys.argv[1])
FITTED, ROWS, COLUMNS = 4000, 1024, 69
WORDS = [a + b + c for a in ("gas", "loan", "swap", "mint", "vote") for b in "aeiou" for c in ("", "r", "n", "st")]
CITIES = ["Lagos", "Lima", "Oslo", "Quito", "Seoul", "Turin"]


def numbers(random, count):
    x = random.standard_normal((count, COLUMNS))
    noise = random.standard_normal(count)
    return x, (x[:, :8].sum(1) + 3 * x[:, 9] * x[:, 10] + noise > 0).astype(np.int64)


def texts(random, count):
    lines = [" ".join(random.choice(WORDS, random.integers(5, 40))) for _ in range(count)]
    return lines, np.array([line.count("loan") > line.count("swap") for line in lines]).astype(np.int64)


def mixed(random, count):
    import pandas
    x, y = numbers(random, count)
    cells = {f"n{i}": np.where(random.random(count) < 0.05, np.nan, x[:, i]) for i in range(8)}
    cells |= {f"city{i}": random.choice(CITIES, count) for i in range(4)}
    return pandas.DataFrame(cells), y


def logistic():
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression(max_iter=500)


def forest():
    from sklearn.ensemble import RandomForestClassifier
    return RandomForestClassifier(100, random_state=1)


def hist_boosting():
    from sklearn.ensemble import HistGradientBoostingClassifier
    return HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=1)


def svc():
    from sklearn.svm import SVC
    return SVC(probability=True, random_state=1)


def neighbors():
    from sklearn.neighbors import KNeighborsClassifier
    return KNeighborsClassifier()


def scaled():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    return make_pipeline(StandardScaler(), logistic())


def text():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    return make_pipeline(TfidfVectorizer(), logistic())


def columns():
    from sklearn.compose import make_column_selector as those
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    number = make_pipeline(SimpleImputer(), StandardScaler()), those(dtype_include="number")
    city = OneHotEncoder(handle_unknown="ignore"), those(dtype_exclude="number")
    return make_pipeline(make_column_transformer(number, city), logistic())


def xgboost(trees):
    from xgboost import XGBClassifier
    return XGBClassifier(n_estimators=trees, n_jobs=1)


def lightgbm(trees):
    from lightgbm import LGBMClassifier
    return LGBMClassifier(n_estimators=trees, n_jobs=1, verbose=-1)


def catboost(trees):
    from catboost import CatBoostClassifier
    # Fitted in 3 s instead of 12; the trees are as many, and as deep.
    swift = {"border_count": 32, "boosting_type": "Plain", "verbose": False, "allow_writing_files": False}
    return CatBoostClassifier(iterations=trees, thread_count=1, **swift)


FEW, MANY = [1, 64], [1, 64, 1024]
# By file: what is fitted to which rows, of which kind it is (as the aims are), what is timed at how many rows.
MODELS = {
    "logistic regression": (logistic, numbers, "linear", "predict", FEW),
    "scaler, logistic": (scaled, numbers, "linear", "predict", FEW),
    "text: tf-idf, logistic": (text, texts, "other", "predict", FEW),
    "mixed columns, logistic": (columns, mixed, "other", "predict", FEW),
    "5 neighbors of 4000": (neighbors, numbers, "other", "predict", FEW),
    "SVC, probability": (svc, numbers, "other", "predict_proba", FEW),
    "forest, 100 full trees": (forest, numbers, "forest", "predict", MANY),
    "HistGradientBoosting, 100": (hist_boosting, numbers, "other", "predict", MANY),
    "XGBoost, 100": (lambda: xgboost(100), numbers, "booster", "predict", MANY),
    "XGBoost, 1000": (lambda: xgboost(1000), numbers, "booster", "predict", MANY),
    "LightGBM, 100": (lambda: lightgbm(100), numbers, "booster", "predict", MANY),
    "LightGBM, 1000": (lambda: lightgbm(1000), numbers, "booster", "predict", MANY),
    "CatBoost, 100": (lambda: catboost(100), numbers, "other", "predict", MANY),
    "CatBoost, 1000": (lambda: catboost(1000), numbers, "other", "predict", MANY),
}
loaded, inputs = {}, {}


def file_of(name):
    return FOLDER / f"{name}.joblib"


def make():
    made, absent = [], []
    for name, (estimator, data, kind, method, rows) in MODELS.items():
        try:
            x, y = data(np.random.default_rng(1), FITTED + ROWS)
            model = estimator().fit(x[:FITTED], y[:FITTED])
        except ImportError as error:
            absent.append(f"{name} ({error})")
            continue
        inputs[name] = x[FITTED:]
        (FOLDER / f"{data.__name__}.json").write_text(json.dumps(as_json(inputs[name])))
        joblib.dump(model, file_of(name))
        loaded[name] = joblib.load(file_of(name))
        made.append({"name": name, "file": file_of(name).name, "data": data.__name__, "kind": kind, "method": method, "rows": rows})
    return {"models": made, "absent": absent}


def as_json(x):
    if isinstance(x, list):
        return {"texts": x}
    if isinstance(x, np.ndarray):
        return {"numbers": x.ravel().tolist()}
    cells = x.astype(object).to_numpy().ravel().tolist()
    return {"names": list(x.columns), "cells": [None if cell != cell else cell for cell in cells]}


def load(name):
    x, method = inputs[name][:1], MODELS[name][3]
    return once_ms(lambda: getattr(joblib.load(file_of(name)), method)(x))


def answer(name):
    return {method: getattr(loaded[name], method)(inputs[name]).tolist() for method in ("predict", "predict_proba")}


def measure(name, rows, ms):
    call, x = getattr(loaded[name], MODELS[name][3]), inputs[name][:rows]
    return median_us(lambda: call(x), ms)


serve(make=make, load=load, answer=answer, time=measure)
