// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-zq2h51b94q"
    },
    "body": {},
    "answer": {
      "id": "backfill-zq2h51b94q",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.254578Z",
      "startedAt": "2026-11-29T12:24:22.351413Z",
      "finishedAt": "2026-11-29T12:24:22.514585Z",
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
      "id": "backfill-zq2h51b94q"
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
        "plan": "backfill-zq2h51b94q",
        "failures": 0,
        "probe": false,
        "idsDigest": "4f4ab3f1b7e519f4dc5af4f6cceba9bb9c762236e45c73ed95b05dea5ab500c5"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-zq2h51b94q",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "29",
          "nextPos": "0",
          "createdBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:22.254578Z",
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
      "id": "backfill-zq2h51b94q",
      "batch": "37"
    },
    "answer": {
      "positions": []
    }
  },
  "backfills.one": {
    "parameters": {
      "id": "backfill-zq2h51b94q"
    },
    "answer": {
      "id": "backfill-zq2h51b94q",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.254578Z",
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
      "id": "backfill-zq2h51b94q"
    },
    "body": {},
    "answer": {
      "id": "backfill-zq2h51b94q",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.254578Z",
      "startedAt": "2026-11-29T12:24:22.351413Z",
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
      "id": "backfill-zq2h51b94q",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.254578Z",
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
      "id": "backfill-zq2h51b94q"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-zq2h51b94q"
    },
    "body": {},
    "answer": {
      "id": "backfill-zq2h51b94q",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.254578Z",
      "startedAt": "2026-11-29T12:24:22.351413Z",
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
      "id": "backfill-zq2h51b94q",
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
          "event": "99ef8e7d70915d12.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "27",
          "batchState": "dead",
          "firstAt": "2026-11-29T12:24:20.894087Z",
          "lastAt": "2026-11-29T12:24:20.894087Z",
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
      "event": "99ef8e7d70915d12.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "27",
      "batchState": "dead",
      "firstAt": "2026-11-29T12:24:20.894087Z",
      "lastAt": "2026-11-29T12:24:20.894087Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"99ef8e7d70915d12.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T12:24:20.899563Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 13
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
          "parent": "21",
          "from": "18",
          "to": "19",
          "count": 1,
          "bytes": 819,
          "state": "dead",
          "attempt": 1,
          "uncertain": 0,
          "late": 0,
          "purged": 0,
          "mappingVersion": 2,
          "filterVersion": 1,
          "createdAt": "2026-11-29T12:24:20.800072Z",
          "dueAt": "2026-11-29T12:24:20.832976Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T12:24:20.978246Z",
          "answer": {
            "kind": "invalid",
            "reason": "400 Bad Request: a log of this request is refused on demand",
            "status": 400
          },
          "attempts": [
            {
              "at": "2026-11-29T12:24:20.978246Z",
              "kind": "invalid",
              "reason": "400 Bad Request: a log of this request is refused on demand",
              "status": 400,
              "attempt": 1,
              "elapsedMs": 2
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
          "since": "2026-11-29T12:24:19.621805Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T12:24:19.621805Z",
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
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy1lMmE0NjM1NSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNTkzYjZhMTJiODIyYWRlYWJmZmJmMWFhYjk1ZGFkNWYxYWYwYzZjMjgyYzliMzZmMGI4ZDQ1ZmM5OTUwZWJmOCIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T13:24:20.669000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy1lMmE0NjM1NSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNTkzYjZhMTJiODIyYWRlYWJmZmJmMWFhYjk1ZGFkNWYxYWYwYzZjMjgyYzliMzZmMGI4ZDQ1ZmM5OTUwZWJmOCIs…",
      "publicKey": "MCowBQYDK2VwAyEAc6SZiTMJCmz25U8Wa719ohEoZ0SXil3/xpVAM5AbjfE="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-e2a46355",
      "keyId": "b30eb2a3b2d44bef",
      "markPublicKey": "MCowBQYDK2VwAyEAi9l+NIugeQFR0E4NViC8GvpXhppGuTbgvIu82pHVLL8="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:20.669000Z",
          "expiresAt": "2026-11-29T13:24:20.669000Z",
          "usedAt": "2026-11-29T12:24:20.715000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-e2a46355",
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
          "recordedAt": "2026-11-29T12:24:19.400503Z",
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
            "epoch": "99ef8e7d70915d12",
            "id": "99ef8e7d70915d12.2",
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
      "id": "export-dz7r0he2tt"
    },
    "query": {
      "file": "events",
      "expires": "1795955962",
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
          "id": "export-dz7r0he2tt",
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
          "requestedBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:22.553468Z",
          "finishedAt": "2026-11-29T12:24:22.666330Z",
          "keepUntil": "2026-11-29T13:24:22.674452Z",
          "error": null,
          "file": {
            "name": "export-dz7r0he2tt.ndjson",
            "bytes": 3125,
            "sha256": "b4fb76d12196f75ff67ef23f2b1405d39b2898bc430c05fb747ce1d0fc38cc13"
          },
          "manifestSha256": "a6fa561f65421a265e00819bf68c04f37c9df60ef54c6cabcb5cac9bb1c7f4af"
        }
      ]
    }
  },
  "exports.remove": {
    "parameters": {
      "id": "export-dz7r0he2tt"
    }
  },
  "exports.request": {
    "body": {
      "format": "ndjson",
      "session": "s-3"
    },
    "answer": {
      "id": "export-dz7r0he2tt",
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
      "requestedBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.553468Z",
      "finishedAt": null,
      "keepUntil": null,
      "error": null,
      "file": null,
      "manifestSha256": null
    }
  },
  "exports.show": {
    "parameters": {
      "id": "export-dz7r0he2tt"
    },
    "answer": {
      "id": "export-dz7r0he2tt",
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
      "requestedBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.553468Z",
      "finishedAt": "2026-11-29T12:24:22.666330Z",
      "keepUntil": "2026-11-29T13:24:22.674452Z",
      "error": null,
      "file": {
        "name": "export-dz7r0he2tt.ndjson",
        "bytes": 3125,
        "sha256": "b4fb76d12196f75ff67ef23f2b1405d39b2898bc430c05fb747ce1d0fc38cc13"
      },
      "manifestSha256": "a6fa561f65421a265e00819bf68c04f37c9df60ef54c6cabcb5cac9bb1c7f4af",
      "links": {
        "events": "/v1/exports/export-dz7r0he2tt/download?file=events&expires=1795955962&signature=___________________________________________",
        "manifest": "/v1/exports/export-dz7r0he2tt/download?file=manifest&expires=1795955962&signature=___________________________________________",
        "expireAt": "2026-11-29T12:39:22.000000Z"
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
          "recordedAt": "2026-11-29T12:24:19.514605Z",
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
      "startedAt": "2026-11-29T12:24:19.202Z"
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
          "since": "2026-11-29T12:24:19.298Z"
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
          "id": "hold-szr0rnh4mq",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:a26d624c",
          "placedAt": "2026-11-29T12:24:21.002108Z",
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
      "id": "hold-szr0rnh4mq",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:a26d624c",
      "placedAt": "2026-11-29T12:24:21.002108Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-szr0rnh4mq"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-szr0rnh4mq",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:a26d624c",
      "placedAt": "2026-11-29T12:24:21.002108Z",
      "releasedBy": "api-key:a26d624c",
      "releasedAt": "2026-11-29T12:24:21.072824Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-szr0rnh4mq"
    },
    "answer": {
      "id": "hold-szr0rnh4mq",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:a26d624c",
      "placedAt": "2026-11-29T12:24:21.002108Z",
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
      "prefix": "ca1f2615",
      "key": "afd_ca1f2615_………",
      "id": "ffad6460-4bef-4e84-80a3-bd303641cc70",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "ffad6460-4bef-4e84-80a3-bd303641cc70",
          "prefix": "ca1f2615",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:20.875000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T12:24:20.900000Z",
          "previousUntil": "2026-11-29T13:24:20.900000Z",
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
      "id": "ffad6460-4bef-4e84-80a3-bd303641cc70"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "ffad6460-4bef-4e84-80a3-bd303641cc70"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "ca1f2615",
      "key": "afd_ca1f2615_………",
      "id": "ffad6460-4bef-4e84-80a3-bd303641cc70",
      "role": "auditor"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "99ef8e7d70915d12"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "99ef8e7d70915d12",
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
          "epoch": "99ef8e7d70915d12",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T12:24:19.400096Z",
          "updatedAt": "2026-11-29T12:24:19.514605Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "28",
            "recordedAt": "2026-11-29T12:24:19.514605Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 347059509
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-e2a46355",
      "generation": 1,
      "head": {
        "size": "29",
        "recordedAt": "2026-11-29T12:24:19.514605Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T12:34:19.519156Z"
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
        "oldestAt": "2026-11-29T12:24:19.980408Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T12:24:19.621805Z",
          "lanes": [
            {
              "lane": "live",
              "position": "29",
              "behind": "21"
            }
          ],
          "batches": {
            "due": 4,
            "sending": 4
          },
          "oldestUndeliveredAt": "2026-11-29T12:24:19.400503Z",
          "deadLetters": 0
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "99ef8e7d70915d12.1"
    },
    "answer": {
      "event": "99ef8e7d70915d12.1",
      "node": "gw-1",
      "epoch": "99ef8e7d70915d12",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T12:24:19.400503Z",
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
              "cutAt": "2026-11-29T12:24:19.833739Z",
              "attempts": [
                {
                  "at": "2026-11-29T12:24:20.009094Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 28
                }
              ],
              "settledAt": "2026-11-29T12:24:20.009093Z",
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
          "id": "reconciliation-whzswtdvz9",
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
          "createdBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:22.205638Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-whzswtdvz9"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-whzswtdvz9",
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
        "createdBy": "api-key:a26d624c",
        "createdAt": "2026-11-29T12:24:22.205638Z",
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
      "id": "reconciliation-whzswtdvz9",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:22.205638Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-vwguxwpyvk"
    },
    "answer": {
      "blocks": [
        {
          "from": "23",
          "to": "29",
          "count": 6,
          "bytes": 5832,
          "late": 6,
          "observed": 0,
          "digest": "620fd1ad56a7fcb5165d7ceb67faa68e4bb1ea6337aaca3722f475d1d1325ffa",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-vwguxwpyvk"
    },
    "body": {},
    "answer": {
      "id": "replay-vwguxwpyvk",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:a26d624c",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
      "plannedAt": "2026-11-29T12:24:21.921076Z",
      "startedAt": "2026-11-29T12:24:22.054470Z",
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
          "id": "replay-vwguxwpyvk",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:a26d624c",
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
          "createdBy": "api-key:a26d624c",
          "createdAt": "2026-11-29T12:24:21.474715Z",
          "plannedAt": "2026-11-29T12:24:21.921076Z",
          "startedAt": "2026-11-29T12:24:22.054470Z",
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
      "id": "replay-vwguxwpyvk"
    },
    "body": {},
    "answer": {
      "id": "replay-vwguxwpyvk",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
      "plannedAt": "2026-11-29T12:24:21.921076Z",
      "startedAt": "2026-11-29T12:24:22.054470Z",
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
      "id": "replay-vwguxwpyvk",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
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
      "id": "replay-vwguxwpyvk"
    },
    "body": {},
    "answer": {
      "id": "replay-vwguxwpyvk",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
      "plannedAt": "2026-11-29T12:24:21.921076Z",
      "startedAt": "2026-11-29T12:24:22.054470Z",
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
      "id": "replay-vwguxwpyvk"
    },
    "answer": {
      "id": "replay-vwguxwpyvk",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
      "plannedAt": "2026-11-29T12:24:21.921076Z",
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
      "id": "replay-vwguxwpyvk"
    },
    "body": {},
    "answer": {
      "id": "replay-vwguxwpyvk",
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
      "createdBy": "api-key:a26d624c",
      "createdAt": "2026-11-29T12:24:21.474715Z",
      "plannedAt": "2026-11-29T12:24:21.921076Z",
      "startedAt": "2026-11-29T12:24:22.054470Z",
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
      "plannedAt": "2026-11-29T12:24:21.264214Z",
      "planned": [],
      "by": "api-key:a26d624c",
      "begunAt": "2026-11-29T12:24:21.268328Z",
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
      "at": "2026-11-29T12:24:21.135191Z",
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
      "plannedAt": "2026-11-29T12:24:21.264214Z",
      "planned": [],
      "by": "api-key:a26d624c",
      "begunAt": "2026-11-29T12:24:21.268328Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T12:24:21.264214Z",
          "planned": [],
          "by": "api-key:a26d624c",
          "begunAt": "2026-11-29T12:24:21.268328Z",
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
          "epoch": "99ef8e7d70915d12",
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
          "recordedAt": "2026-11-29T12:24:19.514605Z",
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
            "epoch": "99ef8e7d70915d12",
            "id": "99ef8e7d70915d12.19",
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
        "epoch": "99ef8e7d70915d12",
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
