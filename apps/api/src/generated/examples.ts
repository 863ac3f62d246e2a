// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "body": {},
    "answer": {
      "id": "backfill-qdpk4w656i",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "30",
      "nextPos": "5",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.812458Z",
      "startedAt": "2026-11-29T15:28:25.860103Z",
      "finishedAt": "2026-11-29T15:28:25.928543Z",
      "heldUntil": null,
      "report": {
        "dead": 0,
        "late": 0,
        "open": 0,
        "sent": 0,
        "purged": 0,
        "cancelled": 5,
        "possibleDuplicates": 0
      }
    }
  },
  "backfills.lend": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "body": {
      "sender": "a-laptop",
      "leaseMs": 60000,
      "maxEvents": 5,
      "maxBytes": 1000000,
      "mappingVersions": [
        1
      ]
    },
    "answer": {
      "state": "running",
      "batch": {
        "id": "35",
        "range": "5",
        "destination": "archive",
        "lane": "backfill",
        "parent": null,
        "fromPos": "0",
        "toPos": "5",
        "count": 5,
        "mappingVersion": 1,
        "filterVersion": 1,
        "attempt": 1,
        "bytes": 2093,
        "uncertain": 0,
        "purged": 0,
        "plan": "backfill-qdpk4w656i",
        "failures": 0,
        "probe": false,
        "idsDigest": "b9677353f78aef18c648b17ba2b2d358a5c9f9903c0caf61944600242207474e"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-qdpk4w656i",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "30",
          "nextPos": "0",
          "createdBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:25.812458Z",
          "startedAt": null,
          "finishedAt": null,
          "heldUntil": null,
          "report": {
            "sent": 0,
            "late": 0,
            "dead": 0,
            "possibleDuplicates": 0,
            "purged": 0,
            "open": 0,
            "cancelled": 0
          }
        }
      ]
    }
  },
  "backfills.missing": {
    "parameters": {
      "id": "backfill-qdpk4w656i",
      "batch": "35"
    },
    "answer": {
      "positions": []
    }
  },
  "backfills.one": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "answer": {
      "id": "backfill-qdpk4w656i",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "30",
      "nextPos": "0",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.812458Z",
      "startedAt": null,
      "finishedAt": null,
      "heldUntil": null,
      "report": {
        "sent": 0,
        "late": 0,
        "dead": 0,
        "possibleDuplicates": 0,
        "purged": 0,
        "open": 0,
        "cancelled": 0
      }
    }
  },
  "backfills.pause": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "body": {},
    "answer": {
      "id": "backfill-qdpk4w656i",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "30",
      "nextPos": "5",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.812458Z",
      "startedAt": "2026-11-29T15:28:25.860103Z",
      "finishedAt": null,
      "heldUntil": null,
      "report": {
        "sent": 0,
        "late": 0,
        "dead": 0,
        "possibleDuplicates": 0,
        "purged": 0,
        "open": 5,
        "cancelled": 0
      }
    }
  },
  "backfills.plan": {
    "body": {
      "destination": "archive",
      "kind": "datadog",
      "mappingVersion": 1
    },
    "answer": {
      "id": "backfill-qdpk4w656i",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "30",
      "nextPos": "0",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.812458Z",
      "startedAt": null,
      "finishedAt": null,
      "heldUntil": null,
      "report": {
        "sent": 0,
        "late": 0,
        "dead": 0,
        "possibleDuplicates": 0,
        "purged": 0,
        "open": 0,
        "cancelled": 0
      }
    }
  },
  "backfills.release": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-qdpk4w656i"
    },
    "body": {},
    "answer": {
      "id": "backfill-qdpk4w656i",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "30",
      "nextPos": "5",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.812458Z",
      "startedAt": "2026-11-29T15:28:25.860103Z",
      "finishedAt": null,
      "heldUntil": null,
      "report": {
        "sent": 0,
        "late": 0,
        "dead": 0,
        "possibleDuplicates": 0,
        "purged": 0,
        "open": 5,
        "cancelled": 0
      }
    }
  },
  "backfills.settle": {
    "parameters": {
      "id": "backfill-qdpk4w656i",
      "batch": "35"
    },
    "body": {
      "outcome": "later",
      "attempt": 1,
      "answer": {
        "kind": "unauthorized",
        "status": 403,
        "reason": "403"
      },
      "elapsedMs": 5
    },
    "answer": {
      "held": true,
      "turned": {
        "from": "delivering",
        "to": "paused"
      }
    }
  },
  "deadLetters.discard": {
    "body": {
      "positions": [
        "12"
      ],
      "reason": "a test event"
    },
    "answer": {
      "destination": "datadog",
      "count": 1,
      "skipped": []
    }
  },
  "deadLetters.list": {
    "query": {
      "state": "open"
    },
    "answer": {
      "deadLetters": [
        {
          "destination": "datadog",
          "position": "12",
          "event": "eac6fd79c95d5f04.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "32",
          "batchState": "dead",
          "firstAt": "2026-11-29T15:28:24.135244Z",
          "lastAt": "2026-11-29T15:28:24.135244Z",
          "decidedBy": null,
          "decidedReason": null
        }
      ],
      "next": null
    }
  },
  "deadLetters.retry": {
    "body": {
      "positions": [
        "13"
      ]
    },
    "answer": {
      "destination": "datadog",
      "count": 1,
      "skipped": []
    }
  },
  "deadLetters.show": {
    "parameters": {
      "destination": "datadog",
      "position": "12"
    },
    "answer": {
      "destination": "datadog",
      "position": "12",
      "event": "eac6fd79c95d5f04.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "32",
      "batchState": "dead",
      "firstAt": "2026-11-29T15:28:24.135244Z",
      "lastAt": "2026-11-29T15:28:24.135244Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"eac6fd79c95d5f04.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T15:28:24.148662Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 5
        }
      ]
    }
  },
  "delivery.batches": {
    "query": {
      "destination": "datadog",
      "limit": "1"
    },
    "answer": {
      "batches": [
        {
          "id": "33",
          "destination": "datadog",
          "lane": "live",
          "plan": null,
          "parent": "20",
          "from": "13",
          "to": "14",
          "count": 1,
          "bytes": 817,
          "state": "dead",
          "attempt": 1,
          "uncertain": 0,
          "late": 0,
          "purged": 0,
          "mappingVersion": 2,
          "filterVersion": 1,
          "createdAt": "2026-11-29T15:28:23.984368Z",
          "dueAt": "2026-11-29T15:28:24.003866Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T15:28:24.168199Z",
          "answer": {
            "kind": "invalid",
            "reason": "400 Bad Request: a log of this request is refused on demand",
            "status": 400
          },
          "attempts": [
            {
              "at": "2026-11-29T15:28:24.168199Z",
              "kind": "invalid",
              "reason": "400 Bad Request: a log of this request is refused on demand",
              "status": 400,
              "attempt": 1,
              "elapsedMs": 19
            }
          ]
        }
      ],
      "next": "33"
    }
  },
  "delivery.status": {
    "answer": {
      "destinations": [
        {
          "destination": "datadog",
          "kind": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T15:28:22.241422Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T15:28:22.241422Z",
          "opensAt": null,
          "deadLetters": 10,
          "lanes": [
            {
              "lane": "live",
              "position": "30",
              "behind": "0",
              "oldestUndeliveredAt": null,
              "due": 0,
              "sending": 0,
              "paused": 0,
              "doubt": 0,
              "eventsPerSecond": 0.3,
              "next": null
            }
          ]
        }
      ]
    }
  },
  "delivery.sweep": {
    "body": {},
    "answer": {
      "destinations": [
        {
          "destination": "datadog",
          "due": 0,
          "later": 0,
          "paused": 0
        }
      ]
    }
  },
  "enrolment.create": {
    "body": {
      "node": "gw-2"
    },
    "answer": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy04YThlMjAyNCIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNmYwZWFlMDMxOWVkYjY4ZDVmMjRkMWQxYjczZjIyMTIxODdjMmNhMzU1Yjk2ZGJlMDM0Y2Q2NmUyZDY4ZmQ3OCIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T16:28:24.168000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy04YThlMjAyNCIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNmYwZWFlMDMxOWVkYjY4ZDVmMjRkMWQxYjczZjIyMTIxODdjMmNhMzU1Yjk2ZGJlMDM0Y2Q2NmUyZDY4ZmQ3OCIs…",
      "publicKey": "MCowBQYDK2VwAyEAhLcY1KAfytAlkv9gCf47CVu+fiZ7/P6ydd51Pkf78Mc="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-8a8e2024",
      "keyId": "0cc1f03a67188210",
      "markPublicKey": "MCowBQYDK2VwAyEA+By6BxZXPoCC3x1HNektA6eGl4JDVJQjeoU3fqnzdLI="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:24.168000Z",
          "expiresAt": "2026-11-29T16:28:24.168000Z",
          "usedAt": "2026-11-29T15:28:24.184000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-8a8e2024",
      "generation": 1,
      "origin": "affidavit/log-8a8e2024/1",
      "keys": [
        "affidavit/log-8a8e2024/1+203f2f0a+AeGF89uzTXGlMqhs0ValoAI82x9QOYt9bKV7yDk64r4g"
      ]
    }
  },
  "events.list": {
    "query": {
      "after": "1",
      "limit": "1",
      "session": "s-0"
    },
    "answer": {
      "events": [
        {
          "position": "2",
          "recordedAt": "2026-11-29T15:28:22.118828Z",
          "class": "standard",
          "event": {
            "class": "standard",
            "connection": {
              "name": "orders",
              "sensitivity": "normal",
              "type": "postgres"
            },
            "data": {
              "approval": "a1"
            },
            "epoch": "eac6fd79c95d5f04",
            "id": "eac6fd79c95d5f04.2",
            "identity": {
              "id": "billing-agent",
              "kind": "agent",
              "name": "Name of billing-agent",
              "verified": true
            },
            "node": "gw-1",
            "seq": 2,
            "session": "s-0",
            "time": "2026-11-25T12:00:00.002000Z",
            "type": "approval.requested",
            "v": 1
          }
        }
      ],
      "next": "2",
      "more": true,
      "head": "30",
      "purged": []
    }
  },
  "exports.download": {
    "parameters": {
      "id": "export-1qqsy4dfkr"
    },
    "query": {
      "file": "events",
      "expires": "1795967006",
      "signature": "___________________________________________"
    }
  },
  "exports.list": {
    "query": {
      "limit": "1"
    },
    "answer": {
      "exports": [
        {
          "id": "export-1qqsy4dfkr",
          "kind": "events",
          "format": "ndjson",
          "selection": {
            "session": "s-3"
          },
          "state": "finished",
          "from": "0",
          "to": "30",
          "next": "30",
          "count": 6,
          "bytes": 3125,
          "requestedBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:25.943658Z",
          "finishedAt": "2026-11-29T15:28:25.999110Z",
          "keepUntil": "2026-11-29T16:28:26.001594Z",
          "error": null,
          "file": {
            "name": "export-1qqsy4dfkr.ndjson",
            "bytes": 3125,
            "sha256": "4363ec939f636e51c408b71dbdaaacdd67b8385e93ce381dd3d77d27a2094960"
          },
          "manifestSha256": "b1d92e73915713828be7b3cd96e6412d460827e1260b37e602a976f36392e05c"
        }
      ]
    }
  },
  "exports.remove": {
    "parameters": {
      "id": "export-1qqsy4dfkr"
    }
  },
  "exports.request": {
    "body": {
      "format": "ndjson",
      "session": "s-3"
    },
    "answer": {
      "id": "export-1qqsy4dfkr",
      "kind": "events",
      "format": "ndjson",
      "selection": {
        "session": "s-3"
      },
      "state": "waiting",
      "from": "0",
      "to": "30",
      "next": "0",
      "count": 0,
      "bytes": 0,
      "requestedBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.943658Z",
      "finishedAt": null,
      "keepUntil": null,
      "error": null,
      "file": null,
      "manifestSha256": null
    }
  },
  "exports.show": {
    "parameters": {
      "id": "export-1qqsy4dfkr"
    },
    "answer": {
      "id": "export-1qqsy4dfkr",
      "kind": "events",
      "format": "ndjson",
      "selection": {
        "session": "s-3"
      },
      "state": "finished",
      "from": "0",
      "to": "30",
      "next": "30",
      "count": 6,
      "bytes": 3125,
      "requestedBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.943658Z",
      "finishedAt": "2026-11-29T15:28:25.999110Z",
      "keepUntil": "2026-11-29T16:28:26.001594Z",
      "error": null,
      "file": {
        "name": "export-1qqsy4dfkr.ndjson",
        "bytes": 3125,
        "sha256": "4363ec939f636e51c408b71dbdaaacdd67b8385e93ce381dd3d77d27a2094960"
      },
      "manifestSha256": "b1d92e73915713828be7b3cd96e6412d460827e1260b37e602a976f36392e05c",
      "links": {
        "events": "/v1/exports/export-1qqsy4dfkr/download?file=events&expires=1795967006&signature=___________________________________________",
        "manifest": "/v1/exports/export-1qqsy4dfkr/download?file=manifest&expires=1795967006&signature=___________________________________________",
        "expireAt": "2026-11-29T15:43:26.000000Z"
      }
    }
  },
  "facets.approvals": {
    "query": {
      "state": "granted",
      "limit": "1"
    },
    "answer": {
      "approvals": [
        {
          "position": "26",
          "recordedAt": "2026-11-29T15:28:22.171582Z",
          "at": "2026-11-25T12:00:00.003000Z",
          "state": "granted",
          "session": "s-3",
          "identity": "billing-agent",
          "connection": "orders",
          "approval": "a1",
          "command": null,
          "by": "reviewer",
          "reason": null
        }
      ],
      "next": "WyJaYlR6YUhtZCIsIjI2Il0"
    }
  },
  "facets.connections": {
    "query": {
      "type": "postgres"
    },
    "answer": {
      "connections": [
        {
          "name": "orders",
          "type": "postgres",
          "sensitivity": "normal",
          "lastSessionAt": "2026-11-25T12:00:00.001000Z",
          "lastSession": "s-3",
          "firstSessionAt": "2026-11-25T12:00:00.001000Z"
        }
      ],
      "next": null,
      "horizon": "29"
    }
  },
  "facets.identities": {
    "query": {
      "kind": "agent"
    },
    "answer": {
      "identities": [
        {
          "id": "billing-agent",
          "kind": "agent",
          "name": "Name of billing-agent",
          "email": null,
          "onBehalfOf": null,
          "lastSessionAt": "2026-11-25T12:00:00.001000Z",
          "lastSession": "s-3",
          "firstSessionAt": "2026-11-25T12:00:00.001000Z"
        }
      ],
      "next": null,
      "horizon": "29"
    }
  },
  "facets.touched": {
    "parameters": {
      "name": "orders"
    },
    "answer": {
      "identities": [
        {
          "identity": "billing-agent",
          "kind": "agent",
          "onBehalfOf": null,
          "isVerified": true,
          "sessions": 4,
          "denied": 0,
          "bypassed": 0,
          "commands": 4,
          "failed": 0,
          "rows": 4,
          "firstSessionAt": "2026-11-25T12:00:00.001000Z",
          "lastSessionAt": "2026-11-25T12:00:00.001000Z",
          "lastSession": "s-3"
        }
      ],
      "horizon": "29"
    }
  },
  "health.alive": {
    "answer": {
      "alive": true,
      "startedAt": "2026-11-29T15:28:21.924Z"
    }
  },
  "health.metrics": {},
  "health.ready": {
    "answer": {
      "ready": true,
      "checks": [
        {
          "name": "postgres",
          "hop": "record → reader",
          "ok": true,
          "required": true,
          "since": "2026-11-29T15:28:22.100Z"
        }
      ]
    }
  },
  "holds.list": {
    "query": {
      "all": "true"
    },
    "answer": {
      "holds": [
        {
          "id": "hold-5aemgi09su",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:25858565",
          "placedAt": "2026-11-29T15:28:24.291372Z",
          "releasedBy": null,
          "releasedAt": null,
          "releaseReason": null
        }
      ]
    }
  },
  "holds.place": {
    "body": {
      "session": "s-1",
      "matter": "2026-17",
      "reason": "asked for by counsel"
    },
    "answer": {
      "id": "hold-5aemgi09su",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:25858565",
      "placedAt": "2026-11-29T15:28:24.291372Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-5aemgi09su"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-5aemgi09su",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:25858565",
      "placedAt": "2026-11-29T15:28:24.291372Z",
      "releasedBy": "api-key:25858565",
      "releasedAt": "2026-11-29T15:28:24.315461Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-5aemgi09su"
    },
    "answer": {
      "id": "hold-5aemgi09su",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:25858565",
      "placedAt": "2026-11-29T15:28:24.291372Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "keys.create": {
    "body": {
      "role": "auditor",
      "label": "audit of the year",
      "limits": {
        "from": "2026-01-01T00:00:00Z",
        "connections": [
          "orders"
        ]
      }
    },
    "answer": {
      "prefix": "5e74f413",
      "key": "afd_5e74f413_………",
      "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
          "prefix": "5e74f413",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:24.235000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T15:28:24.244000Z",
          "previousUntil": "2026-11-29T16:28:24.244000Z",
          "limits": {
            "from": "2026-01-01T00:00:00.000000Z",
            "connections": [
              "orders"
            ]
          }
        }
      ]
    }
  },
  "keys.revoke": {
    "parameters": {
      "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "5e74f413",
      "key": "afd_5e74f413_………",
      "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
      "role": "auditor"
    }
  },
  "log.checkpoint": {},
  "log.tile": {
    "parameters": {
      "path": "0/000.p/1"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "eac6fd79c95d5f04"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "eac6fd79c95d5f04",
      "to": 25
    }
  },
  "producers.list": {
    "query": {
      "node": "gw-1"
    },
    "answer": {
      "producers": [
        {
          "node": "gw-1",
          "epoch": "eac6fd79c95d5f04",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T15:28:22.118578Z",
          "updatedAt": "2026-11-29T15:28:22.171582Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "29",
            "recordedAt": "2026-11-29T15:28:22.171582Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 358102166
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-8a8e2024",
      "generation": 1,
      "head": {
        "size": "30",
        "recordedAt": "2026-11-29T15:28:22.171582Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T15:38:22.174214Z"
      },
      "sessions": {
        "horizon": "29",
        "behind": "0",
        "open": 0
      },
      "search": {
        "horizon": "29",
        "behind": "0"
      },
      "checkpoint": null,
      "treeBehind": "0",
      "verification": null,
      "differences": 0,
      "producers": {
        "nodes": 1,
        "open": 1,
        "forked": 0,
        "lost": 0
      },
      "outbox": {
        "waiting": 6,
        "oldestAt": "2026-11-29T15:28:22.925489Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T15:28:22.241422Z",
          "lanes": [
            {
              "lane": "live",
              "position": "30",
              "behind": "13"
            }
          ],
          "batches": {
            "due": 8,
            "sending": 2
          },
          "oldestUndeliveredAt": "2026-11-29T15:28:22.155634Z",
          "deadLetters": 0
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "eac6fd79c95d5f04.1"
    },
    "answer": {
      "event": "eac6fd79c95d5f04.1",
      "node": "gw-1",
      "epoch": "eac6fd79c95d5f04",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T15:28:22.118828Z",
        "run": {
          "first": "1",
          "last": "6"
        }
      },
      "proof": {
        "leaf": "AQAGYWvxi6GsCHN0YW5kYXJk6sb9ecldXwQAAAAAAAAAAfkBbSzuyrztRKwVP71jqJgMxyCqMXGxV8KMVbHN943E",
        "size": "30",
        "path": [
          "PvuJvqof+0UEjLG3J30HTEe87i1XHKzqbp3SzxPQtic="
        ],
        "checkpoint": "affidavit/log-8a8e2024/1\n30\n10JBsGD5NW6Xo7+rgNxhYiKX0Xjmds1esbY3z99rVss=\n\n— affidavit/log-8a8e2024/1 ID8vCpT3SXYBmvbiSvAKo/CWPQjRMLHka9wqwg1geLCPB9EKYJarb845fPDJEbMTRtKoneV1Cxd4s+ANmpPVf+KiigI=\n"
      },
      "type": "session.opened",
      "occurredAt": "2026-11-25T12:00:00.001000Z",
      "destinations": [
        {
          "destination": "datadog",
          "state": "accepted",
          "batches": [
            {
              "batch": "1",
              "parent": null,
              "lane": "live",
              "plan": null,
              "state": "split",
              "count": 30,
              "isResend": false,
              "cutAt": "2026-11-29T15:28:22.406112Z",
              "attempts": [
                {
                  "at": "2026-11-29T15:28:23.265555Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 181
                }
              ],
              "settledAt": "2026-11-29T15:28:23.265555Z",
              "observedAt": null,
              "lookedAt": null,
              "seen": null
            }
          ],
          "logs": [],
          "deadLetter": null
        }
      ]
    }
  },
  "reconciliations.list": {
    "answer": {
      "reconciliations": [
        {
          "id": "reconciliation-2rbaf7127g",
          "destination": "datadog",
          "from": "0",
          "to": "30",
          "next": "0",
          "sendsMissing": false,
          "state": "waiting",
          "waitsFor": null,
          "batches": "0",
          "checked": "0",
          "compared": "0",
          "missing": "0",
          "resent": "0",
          "duplicated": "0",
          "truncated": "0",
          "altered": "0",
          "createdBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:25.771123Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-2rbaf7127g"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-2rbaf7127g",
        "destination": "datadog",
        "from": "0",
        "to": "30",
        "next": "0",
        "sendsMissing": false,
        "state": "waiting",
        "waitsFor": null,
        "batches": "0",
        "checked": "0",
        "compared": "0",
        "missing": "0",
        "resent": "0",
        "duplicated": "0",
        "truncated": "0",
        "altered": "0",
        "createdBy": "api-key:25858565",
        "createdAt": "2026-11-29T15:28:25.771123Z",
        "finishedAt": null
      },
      "findings": []
    }
  },
  "reconciliations.request": {
    "body": {
      "destination": "datadog",
      "from": "0"
    },
    "answer": {
      "id": "reconciliation-2rbaf7127g",
      "destination": "datadog",
      "from": "0",
      "to": "30",
      "next": "0",
      "sendsMissing": false,
      "state": "waiting",
      "waitsFor": null,
      "batches": "0",
      "checked": "0",
      "compared": "0",
      "missing": "0",
      "resent": "0",
      "duplicated": "0",
      "truncated": "0",
      "altered": "0",
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:25.771123Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "answer": {
      "blocks": [
        {
          "from": "24",
          "to": "30",
          "count": 6,
          "bytes": 5832,
          "late": 6,
          "observed": 0,
          "digest": "18b0eb2a4d582c30d72ea33f81d2727dbb962655081828db0434e0418c7d0d8c",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "body": {},
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:25858565",
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 2,
      "count": 6,
      "bytes": 5832,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": "2026-11-29T15:28:25.582347Z",
      "startedAt": "2026-11-29T15:28:25.641987Z",
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "30",
      "progress": {
        "sent": 0,
        "open": 0,
        "dead": 0
      },
      "stale": [],
      "purges": [],
      "hindrance": null
    }
  },
  "replays.list": {
    "answer": {
      "replays": [
        {
          "id": "replay-o25itd1sq6",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:25858565",
          "asked": {
            "query": "session:s-3"
          },
          "selection": {
            "sessions": [
              "s-3"
            ]
          },
          "missingOnly": false,
          "filterVersion": 1,
          "mappingVersion": 2,
          "count": 6,
          "bytes": 5832,
          "late": 6,
          "observed": 0,
          "createdBy": "api-key:25858565",
          "createdAt": "2026-11-29T15:28:24.558896Z",
          "plannedAt": "2026-11-29T15:28:25.582347Z",
          "startedAt": "2026-11-29T15:28:25.641987Z",
          "finishedAt": null,
          "report": null,
          "from": "24",
          "to": "30",
          "plannedTo": "30"
        }
      ]
    }
  },
  "replays.pause": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "body": {},
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "paused",
      "reason": null,
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 2,
      "count": 6,
      "bytes": 5832,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": "2026-11-29T15:28:25.582347Z",
      "startedAt": "2026-11-29T15:28:25.641987Z",
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "30",
      "progress": {
        "sent": 0,
        "open": 0,
        "dead": 0
      },
      "stale": [],
      "purges": [],
      "hindrance": null
    }
  },
  "replays.plan": {
    "body": {
      "query": "session:s-3"
    },
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "planning",
      "reason": null,
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 0,
      "count": 0,
      "bytes": 0,
      "late": 0,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": null,
      "startedAt": null,
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "24"
    }
  },
  "replays.resume": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "body": {},
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "running",
      "reason": null,
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 2,
      "count": 6,
      "bytes": 5832,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": "2026-11-29T15:28:25.582347Z",
      "startedAt": "2026-11-29T15:28:25.641987Z",
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "30",
      "progress": {
        "sent": 0,
        "open": 0,
        "dead": 0
      },
      "stale": [],
      "purges": [],
      "hindrance": "datadog is paused in affidavit.yaml"
    }
  },
  "replays.show": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "planned",
      "reason": null,
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 2,
      "count": 6,
      "bytes": 5832,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": "2026-11-29T15:28:25.582347Z",
      "startedAt": null,
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "30",
      "progress": {
        "sent": 0,
        "open": 0,
        "dead": 0
      },
      "stale": [],
      "purges": [],
      "hindrance": null
    }
  },
  "replays.start": {
    "parameters": {
      "id": "replay-o25itd1sq6"
    },
    "body": {},
    "answer": {
      "id": "replay-o25itd1sq6",
      "destination": "datadog",
      "state": "running",
      "reason": null,
      "asked": {
        "query": "session:s-3"
      },
      "selection": {
        "sessions": [
          "s-3"
        ]
      },
      "missingOnly": false,
      "filterVersion": 1,
      "mappingVersion": 2,
      "count": 6,
      "bytes": 5832,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:25858565",
      "createdAt": "2026-11-29T15:28:24.558896Z",
      "plannedAt": "2026-11-29T15:28:25.582347Z",
      "startedAt": "2026-11-29T15:28:25.641987Z",
      "finishedAt": null,
      "report": null,
      "from": "24",
      "to": "30",
      "plannedTo": "30",
      "progress": {
        "sent": 0,
        "open": 0,
        "dead": 0
      },
      "stale": [],
      "purges": [],
      "hindrance": "datadog is paused in affidavit.yaml"
    }
  },
  "retention.begin": {
    "body": {},
    "answer": {
      "id": "1",
      "plannedAt": "2026-11-29T15:28:24.427371Z",
      "planned": [],
      "by": "api-key:25858565",
      "begunAt": "2026-11-29T15:28:24.429301Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.change": {
    "body": {
      "class": "standard",
      "keep": "500d",
      "reason": "the auditors ask for it"
    },
    "answer": {
      "outcome": "changed",
      "id": null
    }
  },
  "retention.confirm": {
    "parameters": {
      "id": "1"
    },
    "body": {},
    "answer": {
      "classes": [
        {
          "name": "standard",
          "keepDays": 450,
          "requirements": []
        }
      ],
      "changes": [],
      "purges": []
    }
  },
  "retention.plan": {
    "answer": {
      "at": "2026-11-29T15:28:24.335245Z",
      "partitions": [
        {
          "name": "event_standard_20261101",
          "class": "standard",
          "fromAt": "2026-11-01T00:00:00.000000Z",
          "toAt": "2026-12-01T00:00:00.000000Z",
          "dueAt": "2028-01-05T00:00:00.000000Z",
          "holds": [],
          "events": null,
          "verdict": "kept",
          "because": "class standard is kept so long"
        }
      ]
    }
  },
  "retention.run": {
    "parameters": {
      "id": "1"
    },
    "answer": {
      "id": "1",
      "plannedAt": "2026-11-29T15:28:24.427371Z",
      "planned": [],
      "by": "api-key:25858565",
      "begunAt": "2026-11-29T15:28:24.429301Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T15:28:24.427371Z",
          "planned": [],
          "by": "api-key:25858565",
          "begunAt": "2026-11-29T15:28:24.429301Z",
          "finishedAt": null,
          "report": null
        }
      ]
    }
  },
  "retention.show": {
    "answer": {
      "classes": [
        {
          "name": "standard",
          "keepDays": 400,
          "requirements": []
        }
      ],
      "changes": [],
      "purges": []
    }
  },
  "retention.withdraw": {
    "parameters": {
      "id": "2"
    }
  },
  "sessions.list": {
    "query": {
      "identity": "billing-agent",
      "limit": "2"
    },
    "answer": {
      "sessions": [
        {
          "id": "s-3",
          "node": "gw-1",
          "epoch": "eac6fd79c95d5f04",
          "class": "standard",
          "state": "closed",
          "identityId": "billing-agent",
          "identityKind": "agent",
          "identityName": "Name of billing-agent",
          "identityEmail": null,
          "onBehalfOf": null,
          "identityVerified": true,
          "connection": "orders",
          "connectionType": "postgres",
          "sensitivity": "normal",
          "openedAt": "2026-11-25T12:00:00.001000Z",
          "closedAt": "2026-11-25T12:00:00.006000Z",
          "lastActivityAt": "2026-11-25T12:00:00.006000Z",
          "outcome": "success",
          "reason": "the client ended the session",
          "commands": 1,
          "failed": 0,
          "rows": 1,
          "bytesIn": 0,
          "bytesOut": 0,
          "approvalRequired": true,
          "approvalState": "granted",
          "client": {
            "tls": true,
            "port": 50000,
            "address": "10.0.0.7",
            "application": "psql"
          },
          "target": {
            "host": "db-1",
            "port": 5432,
            "user": "app",
            "database": "orders"
          },
          "claimed": null,
          "context": [
            "SELECT 1"
          ],
          "error": null
        }
      ],
      "next": "WyJma2Yxb09HcSIsIjIwMjYtMTEtMjVUMTI6MDA6MDAuMDAxMDAwWiIsInMtMiJd",
      "horizon": "29"
    }
  },
  "sessions.one": {
    "parameters": {
      "id": "s-3"
    },
    "query": {
      "limit": "1"
    },
    "answer": {
      "events": [
        {
          "position": "24",
          "recordedAt": "2026-11-29T15:28:22.171582Z",
          "class": "standard",
          "event": {
            "class": "standard",
            "connection": {
              "name": "orders",
              "sensitivity": "normal",
              "type": "postgres"
            },
            "data": {
              "approval": {
                "required": false,
                "state": "none"
              },
              "client": {
                "address": "10.0.0.7",
                "application": "psql",
                "port": 50000,
                "tls": true
              },
              "target": {
                "database": "orders",
                "host": "db-1",
                "port": 5432,
                "user": "app"
              }
            },
            "epoch": "eac6fd79c95d5f04",
            "id": "eac6fd79c95d5f04.19",
            "identity": {
              "id": "billing-agent",
              "kind": "agent",
              "name": "Name of billing-agent",
              "verified": true
            },
            "node": "gw-1",
            "seq": 19,
            "session": "s-3",
            "time": "2026-11-25T12:00:00.001000Z",
            "type": "session.opened",
            "v": 1
          }
        }
      ],
      "session": {
        "id": "s-3",
        "node": "gw-1",
        "epoch": "eac6fd79c95d5f04",
        "class": "standard",
        "state": "closed",
        "identityId": "billing-agent",
        "identityKind": "agent",
        "identityName": "Name of billing-agent",
        "identityEmail": null,
        "onBehalfOf": null,
        "identityVerified": true,
        "connection": "orders",
        "connectionType": "postgres",
        "sensitivity": "normal",
        "openedAt": "2026-11-25T12:00:00.001000Z",
        "closedAt": "2026-11-25T12:00:00.006000Z",
        "lastActivityAt": "2026-11-25T12:00:00.006000Z",
        "outcome": "success",
        "reason": "the client ended the session",
        "commands": 1,
        "failed": 0,
        "rows": 1,
        "bytesIn": 0,
        "bytesOut": 0,
        "approvalRequired": true,
        "approvalState": "granted",
        "client": {
          "tls": true,
          "port": 50000,
          "address": "10.0.0.7",
          "application": "psql"
        },
        "target": {
          "host": "db-1",
          "port": 5432,
          "user": "app",
          "database": "orders"
        },
        "claimed": null,
        "context": [
          "SELECT 1"
        ],
        "error": null
      },
      "holds": [],
      "next": "24",
      "more": true,
      "horizon": "29"
    }
  }
};
