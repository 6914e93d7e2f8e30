"""Estimators with the habits of scikit-learn: `fit`, `predict`, `score`, `get_params`."""
