"""How the benchmark speaks with a Python that stays: each line of JSON is answered with another. Import this first."""

import json
import os
import sys
import time
import warnings

# One thread, whatever a library thinks of it; nobody else writes between the answers.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def serve(**verbs):
    """Answers {"do": VERB, ...} with what the verb's function returns for the other values, in their order."""
    for line in sys.stdin:
        asked = json.loads(line)
        verb = verbs[asked.pop("do")]
        answers.write(json.dumps(verb(*asked.values())) + "\n")
        answers.flush()


def once_ms(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def median_us(call, ms):
    """The median call, in microseconds, of about `ms` milliseconds of calls, after a first one that does not count."""
    call()
    each = []
    end = time.perf_counter() + ms / 1000
    while not each or time.perf_counter() < end:
        each.append(once_ms(call))
    return sorted(each)[len(each) // 2] * 1000
