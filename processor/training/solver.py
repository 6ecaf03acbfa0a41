"""Numbers in, weights out: the one place that knows scikit-learn and numpy.  One thread, fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

Rows = Sequence[Mapping[int, float]]
DAMPED = 3.0
"""How much larger a weight on another label's logit counts for the penalty."""


def matrix(rows: Rows, width: int) -> Any:
    """Sparse rows, columns in order."""
    starts, columns, values = [0], [], []
    for row in rows:
        for column in sorted(row):
            columns.append(column)
            values.append(row[column])
        starts.append(len(columns))
    return csr_matrix((np.array(values), np.array(columns), np.array(starts)), shape=(len(rows), width))


def one_against_rest(
    rows: Rows, width: int, targets: Sequence[frozenset[str]], labels: Sequence[str], strength: float
) -> tuple[list[list[float]], list[float]]:
    """Logistic regression of each label's presence: weights by column and label, and the biases."""
    x = matrix(rows, width)
    weights, biases = np.zeros((width, len(labels))), []
    for at, label in enumerate(labels):
        y = np.array([label in target for target in targets])
        if not y.any():
            biases.append(-10.0)
            continue
        solver = LogisticRegression(C=strength, solver="liblinear", random_state=0, max_iter=1000)
        with threadpool_limits(1):
            solver.fit(x, y)
        weights[:, at] = solver.coef_[0]
        biases.append(float(solver.intercept_[0]))
    return weights.tolist(), biases


def one_class(rows: Rows, width: int, right: Sequence[int], strength: float) -> tuple[list[list[float]], list[float]]:
    """Multinomial logistic regression: weights by column and class, and the biases."""
    with threadpool_limits(1):
        solver = LogisticRegression(C=strength, max_iter=1000).fit(matrix(rows, width), np.array(right))
    return solver.coef_.T.tolist(), solver.intercept_.tolist()


def folds(mains: Sequence[str], count: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Stratified folds: the places to learn from and those to try."""
    cut = StratifiedKFold(count, shuffle=True, random_state=seed)
    return [(a.tolist(), b.tolist()) for a, b in cut.split(np.zeros(len(mains)), np.array(mains))]


def one_of_many(
    sources: Sequence[Sequence[Sequence[float]]], right: Sequence[int], penalty: float
) -> tuple[list[list[float]], list[float]]:
    """Which label is right, by the logits that each source gives each: weights by label, and the priors.

    Every source has a weight for a label's own logit that all labels share, which is free; what a
    label hears of the others' logits is held small by the penalty, since there are many of them.
    """
    f = np.stack([np.array(source) for source in sources], axis=2)
    y = np.array(right)
    count, width, many = f.shape
    heard = np.concatenate([np.ones((count, 1)), *(f[:, :, at] / DAMPED for at in range(many))], axis=1)

    def loss(p: Any) -> tuple[float, Any]:
        shared, rest = p[:many], p[many:].reshape(heard.shape[1], width)
        worth = f @ shared + heard @ rest
        worth -= worth.max(axis=1, keepdims=True)
        share = np.exp(worth)
        share /= share.sum(axis=1, keepdims=True)
        value = -np.log(share[np.arange(count), y] + 1e-12).mean() + penalty * (rest * rest).sum()
        share[np.arange(count), y] -= 1.0
        share /= count
        slope = [np.einsum("nk,nkc->c", share, f), (heard.T @ share + 2 * penalty * rest).ravel()]
        return float(value), np.concatenate(slope)

    start = np.concatenate([np.full(many, 0.3), np.zeros(heard.shape[1] * width)])
    with threadpool_limits(1):
        found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    rest = found[many:].reshape(heard.shape[1], width)
    weights = rest[1:].T / DAMPED
    for at in range(many):
        weights[np.arange(width), at * width + np.arange(width)] += found[at]
    return weights.tolist(), rest[0].tolist()


def whether(rows: Sequence[Sequence[float]], right: Sequence[bool]) -> tuple[list[float], float]:
    """Logistic regression of one question: the weight of each number, and the constant."""
    x, y = np.array(rows), np.array(right)
    if y.all() or not y.any():
        return [0.0] * x.shape[1], 10.0 if y.all() else -10.0
    with threadpool_limits(1):
        solver = LogisticRegression(C=1.0, max_iter=3000).fit(x, y)
    return solver.coef_[0].tolist(), float(solver.intercept_[0])
