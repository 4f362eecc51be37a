"""Value combinations that meet every pair of choices at least once, found greedily; the same ones on every run."""

from itertools import combinations, product
from typing import Any

_ALL_MONITORS = {"serviceMonitor": {"enabled": True}, "rules": {"enabled": True}, "dashboards": {"enabled": True}}
_INNER = {"imageRegistry": "registry.inner.example", "imagePullSecrets": ["inner"], "image": {"digest": f"sha256:{'a' * 64}"}}
_VAULT = {"externalSecrets": {"enabled": True, "store": "vault"}, "secrets": {"existingSecret": "elsewhere"}}
_BACKED_UP = {"instances": 1, "backup": {"destinationPath": "s3://b/p", "credentialsSecret": "back-up"}}
_MANY_WORKERS = {"replicas": 8, "serviceUrl": "https://safety.example.com"}
_GPUS = {"enabled": True, "replicas": 2, "gpu": {"resource": "nvidia.com/mig-2g.20gb", "runtimeClassName": "nvidia"}}
_BUCKET = {"bucket": "evidence", "region": "eu-central-1", "endpoint": "https://s3.inner", "credentialsSecret": "s3"}
_RELAY = {"enabled": True, "publicHosts": ["198.51.100.7", "video.example.com"]}
_S3_MODELS = {"source": "s3", "s3": {"bucket": "models", "prefix": "penny", "region": "eu-central-1", "credentialsSecret": "s3"}}
_PUSHES = {"acceptLicenses": True, "pushes": {"enabled": True, "keysSecret": "model-keys", "storageClass": "efs"}}
_PUSHED_TO_BUCKET = {"acceptLicenses": True, "pushes": {"enabled": True, "keysSecret": "model-keys", "bucket": "models"}}
_ON_ANY_NODE = {"objects": {"volume": {"accessMode": "ReadWriteMany"}}}
_ONE_NETWORK = {"cameras": {"cidrs": ["10.9.0.0/16"], "ports": [554]}}
_INNER_STORE = {**_BUCKET, "endpoint": "https://s3.inner:9000"}
_SIGN_ON = {
    "oidc": {"issuer": "https://login.example.com/realms/a", "clientId": "penny"},
    "ingress": {"enabled": True, "host": "a.example.com"},
    "networkPolicy": {"providers": {"cidrs": ["10.6.0.0/16"]}},
}
_JOINED = {
    "region": {"url": "https://safety.example.com", "caSecret": "region-ca"},
    "mediamtx": {"enabled": False},
    "models": {"pushes": {"enabled": False}},
}
_INNER_PORTS = {"objects": {"ports": [9000]}, "ingressCidrs": ["10.64.0.0/24"], "providers": {"cidrs": ["10.5.0.0/16"]}}

CHOICES: dict[str, list[dict[str, Any]]] = {
    "database": [
        {"database": {"mode": "cloudnativepg"}},
        {"database": {"mode": "cloudnativepg", "cloudnativepg": _BACKED_UP}},
        {"database": {"mode": "external", "external": {"host": "db.example.com"}}},
        {"database": {"mode": "external", "external": {"host": "db.example.com", "caSecret": "db-ca"}}},
    ],
    "bus": [{}, {"bus": {"mode": "external", "external": {"host": "bus.example.com", "tls": True}}}],
    "memory": [{}, {"memory": {"mode": "external", "external": {"host": "memory.example.com", "nothingOnDisk": True}}}],
    "triton": [
        {"models": {"acceptLicenses": True}},
        {"triton": {"gpu": {"enabled": True}}, "models": {"acceptLicenses": True}},
        {"triton": {"gpu": {"enabled": True, "resource": "nvidia.com/mig-1g.10gb"}}, "models": {"source": "image"}},
        {"models": {"source": "claim", "claim": "models"}},
        {"models": _S3_MODELS},
        {"models": _PUSHES},
        {"models": _PUSHED_TO_BUCKET, "objects": _BUCKET},
        {"triton": {"enabled": False, "externalUrl": "triton.example.com:8001"}},
    ],
    "service": [{}, {"service": {"autoscaling": {"enabled": True}}, **_ON_ANY_NODE}, {"service": {"enabled": False}}],
    "pipeline": [{}, {"pipeline": {"keda": {"enabled": True}}}, {"pipeline": {"enabled": False}}],
    "workers": [{}, {"workerCpu": {"enabled": False}, "workerGpu": _GPUS}, {"workerCpu": _MANY_WORKERS}],
    "video": [{}, {"mediamtx": _RELAY}, {"mediamtx": {**_RELAY, "service": {"type": "NodePort"}, "port": 31000}}],
    "ingress": [
        {},
        {"ingress": {"enabled": True, "host": "a.example.com"}},
        {"ingress": {"enabled": True, "host": "a.example.com", "controller": "alb", "className": "alb"}},
        _SIGN_ON,
    ],
    "whole": [{}, _JOINED],
    "network": [{}, {"networkPolicy": {"enabled": False}}, {"networkPolicy": _ONE_NETWORK}, {"networkPolicy": _INNER_PORTS}],
    "monitoring": [{}, {"monitoring": _ALL_MONITORS}],
    "secrets": [{}, _VAULT],
    "images": [{}, _INNER],
    "objects": [
        {},
        {"objects": _BUCKET},
        {"objects": _INNER_STORE},
        {"objects": {"volume": {"accessMode": "ReadWriteMany", "storageClass": "efs"}}},
    ],
    "extras": [{}, {"tracing": {"endpoint": "http://otel:4317"}}],
}


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One values document of several."""
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both_maps = isinstance(value, dict) and isinstance(whole.get(key), dict)
            whole[key] = merged([whole[key], value]) if both_maps else value
    return whole


def pairwise() -> list[dict[str, Any]]:
    """Values documents: every choice of one kind meets every choice of each other kind in at least one of them."""
    names = list(CHOICES)
    missing = {
        ((a, i), (b, j)) for a, b in combinations(names, 2) for i, j in product(range(len(CHOICES[a])), range(len(CHOICES[b])))
    }
    found = []
    while missing:
        chosen: dict[str, int] = {}
        for name in names:
            gain = [
                sum(((other, chosen[other]), (name, each)) in missing for other in chosen)
                + sum(pair[0] == (name, each) or pair[1] == (name, each) for pair in missing) / 1000
                for each in range(len(CHOICES[name]))
            ]
            chosen[name] = gain.index(max(gain))
        missing -= set(combinations(chosen.items(), 2))
        found.append(merged([CHOICES[name][each] for name, each in chosen.items()]))
    return found
