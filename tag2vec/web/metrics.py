"""Numbers of a server, for Prometheus."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tag2vec.web.pool import Pool

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    kind = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        self._requests = Counter("tag2vec_requests", "Answers.", ["route", "status"], registry=self._all)
        self._seconds = Histogram(
            "tag2vec_request_seconds", "Until the answer.", ["route"], registry=self._all, buckets=SECONDS
        )
        self._replaced = Counter("tag2vec_workers_replaced", "Workers, and why.", ["why"], registry=self._all)
        self._waiting = Gauge("tag2vec_clips_waiting", "Clips in the queue.", registry=self._all)
        self._working = Gauge("tag2vec_clips_working", "Clips being looked at.", registry=self._all)

    def answered(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def replaced(self, why: str) -> None:
        self._replaced.labels(why).inc()

    def text(self, pool: Pool) -> bytes:
        self._waiting.set(pool.waiting)
        self._working.set(pool.working)
        return generate_latest(self._all)
