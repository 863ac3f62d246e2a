// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-d98m5qco4z"
    },
    "body": {},
    "answer": {
      "id": "backfill-d98m5qco4z",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.791212Z",
      "startedAt": "2026-11-29T09:26:40.225992Z",
      "finishedAt": "2026-11-29T09:26:40.702704Z",
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
      "id": "backfill-d98m5qco4z"
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
        "id": "37",
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
        "plan": "backfill-d98m5qco4z",
        "failures": 0,
        "probe": false,
        "idsDigest": "bb6c419dd0c05f7926a8634b0733589b57791975e8582d9829ae474a4e65f1a6"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-d98m5qco4z",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "29",
          "nextPos": "0",
          "createdBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:39.791212Z",
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
      "id": "backfill-d98m5qco4z",
      "batch": "37"
    },
    "answer": {
      "positions": []
    }
  },
  "backfills.one": {
    "parameters": {
      "id": "backfill-d98m5qco4z"
    },
    "answer": {
      "id": "backfill-d98m5qco4z",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.791212Z",
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
      "id": "backfill-d98m5qco4z"
    },
    "body": {},
    "answer": {
      "id": "backfill-d98m5qco4z",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.791212Z",
      "startedAt": "2026-11-29T09:26:40.225992Z",
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
      "id": "backfill-d98m5qco4z",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.791212Z",
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
      "id": "backfill-d98m5qco4z"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-d98m5qco4z"
    },
    "body": {},
    "answer": {
      "id": "backfill-d98m5qco4z",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.791212Z",
      "startedAt": "2026-11-29T09:26:40.225992Z",
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
      "id": "backfill-d98m5qco4z",
      "batch": "37"
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
        "11"
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
          "position": "11",
          "event": "57df603e94fc8e7c.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "31",
          "batchState": "dead",
          "firstAt": "2026-11-29T09:26:34.707893Z",
          "lastAt": "2026-11-29T09:26:34.707893Z",
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
        "12"
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
      "position": "11"
    },
    "answer": {
      "destination": "datadog",
      "position": "11",
      "event": "57df603e94fc8e7c.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "31",
      "batchState": "dead",
      "firstAt": "2026-11-29T09:26:34.707893Z",
      "lastAt": "2026-11-29T09:26:34.707893Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"57df603e94fc8e7c.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T09:26:34.721383Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 192
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
          "id": "35",
          "destination": "datadog",
          "lane": "live",
          "plan": null,
          "parent": "23",
          "from": "23",
          "to": "24",
          "count": 1,
          "bytes": 956,
          "state": "accepted",
          "attempt": 1,
          "uncertain": 0,
          "late": 1,
          "purged": 0,
          "mappingVersion": 2,
          "filterVersion": 1,
          "createdAt": "2026-11-29T09:26:33.536118Z",
          "dueAt": "2026-11-29T09:26:33.767144Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T09:26:35.118537Z",
          "answer": {
            "kind": "accepted",
            "status": 202
          },
          "attempts": [
            {
              "at": "2026-11-29T09:26:35.118538Z",
              "kind": "accepted",
              "status": 202,
              "attempt": 1,
              "elapsedMs": 148
            }
          ]
        }
      ],
      "next": "35"
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
          "since": "2026-11-29T09:26:21.440570Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T09:26:21.440570Z",
          "opensAt": null,
          "deadLetters": 10,
          "lanes": [
            {
              "lane": "live",
              "position": "29",
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
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy1jNWZiYzRjNyIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiYmI2ZjM3YTQ1OTI4MTcwMjFlM2RlNzBkMTU4YjRjMjRhN2E1NzQ0NjAwNTFhZjFlYzNhNWNmZGY0MWY1ZWViMyIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T10:26:32.439000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy1jNWZiYzRjNyIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiYmI2ZjM3YTQ1OTI4MTcwMjFlM2RlNzBkMTU4YjRjMjRhN2E1NzQ0NjAwNTFhZjFlYzNhNWNmZGY0MWY1ZWViMyIs…",
      "publicKey": "MCowBQYDK2VwAyEAHsRwaSQCPvFuHs1hyKQ/bjhwpwr215aZQlycg3iCB2o="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-c5fbc4c7",
      "keyId": "fa7cfba1028427b5",
      "markPublicKey": "MCowBQYDK2VwAyEAVzdhx3gDlMZz16NyZYTlL3WOI6VNSdP4kE42R4AtvZU="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:32.439000Z",
          "expiresAt": "2026-11-29T10:26:32.439000Z",
          "usedAt": "2026-11-29T09:26:32.836000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-c5fbc4c7",
      "generation": 1
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
          "recordedAt": "2026-11-29T09:26:20.011050Z",
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
            "epoch": "57df603e94fc8e7c",
            "id": "57df603e94fc8e7c.2",
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
      "head": "29",
      "purged": []
    }
  },
  "exports.download": {
    "parameters": {
      "id": "export-spw0bfnbbq"
    },
    "query": {
      "file": "events",
      "expires": "1795945301",
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
          "id": "export-spw0bfnbbq",
          "kind": "events",
          "format": "ndjson",
          "selection": {
            "session": "s-3"
          },
          "state": "finished",
          "from": "0",
          "to": "29",
          "next": "29",
          "count": 6,
          "bytes": 3125,
          "requestedBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:40.764458Z",
          "finishedAt": "2026-11-29T09:26:40.946882Z",
          "keepUntil": "2026-11-29T10:26:41.005652Z",
          "error": null,
          "file": {
            "name": "export-spw0bfnbbq.ndjson",
            "bytes": 3125,
            "sha256": "4dde9fce3399235caab756301624f009f1389ced1e5de74fbd62d871351e5d1c"
          },
          "manifestSha256": "c11cec1e6ef7a5e64d90305cfd61a5f053d346940ddb2ee6fdc8ae4f9fa2662b"
        }
      ]
    }
  },
  "exports.remove": {
    "parameters": {
      "id": "export-spw0bfnbbq"
    }
  },
  "exports.request": {
    "body": {
      "format": "ndjson",
      "session": "s-3"
    },
    "answer": {
      "id": "export-spw0bfnbbq",
      "kind": "events",
      "format": "ndjson",
      "selection": {
        "session": "s-3"
      },
      "state": "waiting",
      "from": "0",
      "to": "29",
      "next": "0",
      "count": 0,
      "bytes": 0,
      "requestedBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:40.764458Z",
      "finishedAt": null,
      "keepUntil": null,
      "error": null,
      "file": null,
      "manifestSha256": null
    }
  },
  "exports.show": {
    "parameters": {
      "id": "export-spw0bfnbbq"
    },
    "answer": {
      "id": "export-spw0bfnbbq",
      "kind": "events",
      "format": "ndjson",
      "selection": {
        "session": "s-3"
      },
      "state": "finished",
      "from": "0",
      "to": "29",
      "next": "29",
      "count": 6,
      "bytes": 3125,
      "requestedBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:40.764458Z",
      "finishedAt": "2026-11-29T09:26:40.946882Z",
      "keepUntil": "2026-11-29T10:26:41.005652Z",
      "error": null,
      "file": {
        "name": "export-spw0bfnbbq.ndjson",
        "bytes": 3125,
        "sha256": "4dde9fce3399235caab756301624f009f1389ced1e5de74fbd62d871351e5d1c"
      },
      "manifestSha256": "c11cec1e6ef7a5e64d90305cfd61a5f053d346940ddb2ee6fdc8ae4f9fa2662b",
      "links": {
        "events": "/v1/exports/export-spw0bfnbbq/download?file=events&expires=1795945301&signature=___________________________________________",
        "manifest": "/v1/exports/export-spw0bfnbbq/download?file=manifest&expires=1795945301&signature=___________________________________________",
        "expireAt": "2026-11-29T09:41:41.000000Z"
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
          "position": "25",
          "recordedAt": "2026-11-29T09:26:20.413479Z",
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
      "next": "WyJaYlR6YUhtZCIsIjI1Il0"
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
      "horizon": "28"
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
      "horizon": "28"
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
      "horizon": "28"
    }
  },
  "health.alive": {
    "answer": {
      "alive": true,
      "startedAt": "2026-11-29T09:26:18.555Z"
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
          "since": "2026-11-29T09:26:19.226Z"
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
          "id": "hold-840udbf7ak",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:d9ffa2e9",
          "placedAt": "2026-11-29T09:26:35.195682Z",
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
      "id": "hold-840udbf7ak",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:d9ffa2e9",
      "placedAt": "2026-11-29T09:26:35.195682Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-840udbf7ak"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-840udbf7ak",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:d9ffa2e9",
      "placedAt": "2026-11-29T09:26:35.195682Z",
      "releasedBy": "api-key:d9ffa2e9",
      "releasedAt": "2026-11-29T09:26:35.422733Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-840udbf7ak"
    },
    "answer": {
      "id": "hold-840udbf7ak",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:d9ffa2e9",
      "placedAt": "2026-11-29T09:26:35.195682Z",
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
      "prefix": "0972b25c",
      "key": "afd_0972b25c_………",
      "id": "14fa7a9e-3f72-4730-8a3e-21a8827748e7",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "14fa7a9e-3f72-4730-8a3e-21a8827748e7",
          "prefix": "0972b25c",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:34.380000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T09:26:34.457000Z",
          "previousUntil": "2026-11-29T10:26:34.457000Z",
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
      "id": "14fa7a9e-3f72-4730-8a3e-21a8827748e7"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "14fa7a9e-3f72-4730-8a3e-21a8827748e7"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "0972b25c",
      "key": "afd_0972b25c_………",
      "id": "14fa7a9e-3f72-4730-8a3e-21a8827748e7",
      "role": "auditor"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "57df603e94fc8e7c"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "57df603e94fc8e7c",
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
          "epoch": "57df603e94fc8e7c",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T09:26:20.010497Z",
          "updatedAt": "2026-11-29T09:26:20.413479Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "28",
            "recordedAt": "2026-11-29T09:26:20.413479Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 336380407
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-c5fbc4c7",
      "generation": 1,
      "head": {
        "size": "29",
        "recordedAt": "2026-11-29T09:26:20.413479Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T09:36:20.452289Z"
      },
      "sessions": {
        "horizon": "28",
        "behind": "0",
        "open": 0
      },
      "producers": {
        "nodes": 1,
        "open": 1,
        "forked": 0,
        "lost": 0
      },
      "outbox": {
        "waiting": 6,
        "oldestAt": "2026-11-29T09:26:24.295397Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T09:26:21.440570Z",
          "lanes": [
            {
              "lane": "live",
              "position": "29",
              "behind": "21"
            }
          ],
          "batches": {
            "due": 10
          },
          "oldestUndeliveredAt": "2026-11-29T09:26:20.011050Z",
          "deadLetters": 0
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "57df603e94fc8e7c.1"
    },
    "answer": {
      "event": "57df603e94fc8e7c.1",
      "node": "gw-1",
      "epoch": "57df603e94fc8e7c",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T09:26:20.011050Z",
        "run": {
          "first": "1",
          "last": "6"
        }
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
              "count": 29,
              "isResend": false,
              "cutAt": "2026-11-29T09:26:22.090647Z",
              "attempts": [
                {
                  "at": "2026-11-29T09:26:26.911805Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 1351
                }
              ],
              "settledAt": "2026-11-29T09:26:26.911804Z",
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
          "id": "reconciliation-0ho0jnzpk5",
          "destination": "datadog",
          "from": "0",
          "to": "29",
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
          "createdBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:39.555468Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-0ho0jnzpk5"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-0ho0jnzpk5",
        "destination": "datadog",
        "from": "0",
        "to": "29",
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
        "createdBy": "api-key:d9ffa2e9",
        "createdAt": "2026-11-29T09:26:39.555468Z",
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
      "id": "reconciliation-0ho0jnzpk5",
      "destination": "datadog",
      "from": "0",
      "to": "29",
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
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:39.555468Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-zjrcbo05vo"
    },
    "answer": {
      "blocks": [
        {
          "from": "23",
          "to": "29",
          "count": 6,
          "bytes": 5838,
          "late": 6,
          "observed": 0,
          "digest": "1de73cf3290e8e233d655264f2880eeb5c8967b932db6a67e3f22ecafd746be0",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-zjrcbo05vo"
    },
    "body": {},
    "answer": {
      "id": "replay-zjrcbo05vo",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:d9ffa2e9",
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
      "bytes": 5838,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": "2026-11-29T09:26:38.375594Z",
      "startedAt": "2026-11-29T09:26:38.695681Z",
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "29",
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
          "id": "replay-zjrcbo05vo",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:d9ffa2e9",
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
          "bytes": 5838,
          "late": 6,
          "observed": 0,
          "createdBy": "api-key:d9ffa2e9",
          "createdAt": "2026-11-29T09:26:37.645512Z",
          "plannedAt": "2026-11-29T09:26:38.375594Z",
          "startedAt": "2026-11-29T09:26:38.695681Z",
          "finishedAt": null,
          "report": null,
          "from": "23",
          "to": "29",
          "plannedTo": "29"
        }
      ]
    }
  },
  "replays.pause": {
    "parameters": {
      "id": "replay-zjrcbo05vo"
    },
    "body": {},
    "answer": {
      "id": "replay-zjrcbo05vo",
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
      "bytes": 5838,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": "2026-11-29T09:26:38.375594Z",
      "startedAt": "2026-11-29T09:26:38.695681Z",
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "29",
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
      "id": "replay-zjrcbo05vo",
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
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": null,
      "startedAt": null,
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "23"
    }
  },
  "replays.resume": {
    "parameters": {
      "id": "replay-zjrcbo05vo"
    },
    "body": {},
    "answer": {
      "id": "replay-zjrcbo05vo",
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
      "bytes": 5838,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": "2026-11-29T09:26:38.375594Z",
      "startedAt": "2026-11-29T09:26:38.695681Z",
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "29",
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
      "id": "replay-zjrcbo05vo"
    },
    "answer": {
      "id": "replay-zjrcbo05vo",
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
      "bytes": 5838,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": "2026-11-29T09:26:38.375594Z",
      "startedAt": null,
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "29",
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
      "id": "replay-zjrcbo05vo"
    },
    "body": {},
    "answer": {
      "id": "replay-zjrcbo05vo",
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
      "bytes": 5838,
      "late": 6,
      "observed": 0,
      "createdBy": "api-key:d9ffa2e9",
      "createdAt": "2026-11-29T09:26:37.645512Z",
      "plannedAt": "2026-11-29T09:26:38.375594Z",
      "startedAt": "2026-11-29T09:26:38.695681Z",
      "finishedAt": null,
      "report": null,
      "from": "23",
      "to": "29",
      "plannedTo": "29",
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
      "plannedAt": "2026-11-29T09:26:36.386552Z",
      "planned": [],
      "by": "api-key:d9ffa2e9",
      "begunAt": "2026-11-29T09:26:36.397675Z",
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
      "at": "2026-11-29T09:26:35.574364Z",
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
      "plannedAt": "2026-11-29T09:26:36.386552Z",
      "planned": [],
      "by": "api-key:d9ffa2e9",
      "begunAt": "2026-11-29T09:26:36.397675Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T09:26:36.386552Z",
          "planned": [],
          "by": "api-key:d9ffa2e9",
          "begunAt": "2026-11-29T09:26:36.397675Z",
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
          "epoch": "57df603e94fc8e7c",
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
      "horizon": "28"
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
          "position": "23",
          "recordedAt": "2026-11-29T09:26:20.413479Z",
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
            "epoch": "57df603e94fc8e7c",
            "id": "57df603e94fc8e7c.19",
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
        "epoch": "57df603e94fc8e7c",
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
      "next": "23",
      "more": true,
      "horizon": "28"
    }
  }
};
