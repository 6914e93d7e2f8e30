"""Tools that inspect the tape: guards, anomaly detection, the profiler, graphs, gradient checks."""
