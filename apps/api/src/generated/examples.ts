// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-02rodorut5"
    },
    "body": {},
    "answer": {
      "id": "backfill-02rodorut5",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.719631Z",
      "startedAt": "2026-11-29T12:26:14.845047Z",
      "finishedAt": "2026-11-29T12:26:15.105984Z",
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
      "id": "backfill-02rodorut5"
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
        "plan": "backfill-02rodorut5",
        "failures": 0,
        "probe": false,
        "idsDigest": "2040d3b6a74efa40f0e5be829b1ccd6e04cffe180c830cbc7f713856c6f94502"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-02rodorut5",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "29",
          "nextPos": "0",
          "createdBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:14.719631Z",
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
      "id": "backfill-02rodorut5",
      "batch": "37"
    },
    "answer": {
      "positions": []
    }
  },
  "backfills.one": {
    "parameters": {
      "id": "backfill-02rodorut5"
    },
    "answer": {
      "id": "backfill-02rodorut5",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.719631Z",
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
      "id": "backfill-02rodorut5"
    },
    "body": {},
    "answer": {
      "id": "backfill-02rodorut5",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.719631Z",
      "startedAt": "2026-11-29T12:26:14.845047Z",
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
      "id": "backfill-02rodorut5",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.719631Z",
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
      "id": "backfill-02rodorut5"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-02rodorut5"
    },
    "body": {},
    "answer": {
      "id": "backfill-02rodorut5",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.719631Z",
      "startedAt": "2026-11-29T12:26:14.845047Z",
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
      "id": "backfill-02rodorut5",
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
          "event": "ca1b8e379addc11e.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "29",
          "batchState": "dead",
          "firstAt": "2026-11-29T12:26:12.950750Z",
          "lastAt": "2026-11-29T12:26:12.950750Z",
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
      "event": "ca1b8e379addc11e.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "29",
      "batchState": "dead",
      "firstAt": "2026-11-29T12:26:12.950750Z",
      "lastAt": "2026-11-29T12:26:12.950750Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"ca1b8e379addc11e.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T12:26:12.954121Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 58
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
          "parent": "22",
          "from": "23",
          "to": "24",
          "count": 1,
          "bytes": 955,
          "state": "accepted",
          "attempt": 1,
          "uncertain": 0,
          "late": 1,
          "purged": 0,
          "mappingVersion": 2,
          "filterVersion": 1,
          "createdAt": "2026-11-29T12:26:12.608547Z",
          "dueAt": "2026-11-29T12:26:12.649797Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T12:26:13.025959Z",
          "answer": {
            "kind": "accepted",
            "status": 202
          },
          "attempts": [
            {
              "at": "2026-11-29T12:26:13.025960Z",
              "kind": "accepted",
              "status": 202,
              "attempt": 1,
              "elapsedMs": 6
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
          "since": "2026-11-29T12:26:07.646524Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T12:26:07.646524Z",
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
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy0zOWE5OWQ1MSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiZjNlZDNhZTVjNzIzMTcwOTU0MzYzZjA2OWExZWYxMzc0MGJkZWJkYzkxN2NhODM3NTA4Zjg2NTUzYjkzZDYxMSIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T13:26:12.963000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy0zOWE5OWQ1MSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiZjNlZDNhZTVjNzIzMTcwOTU0MzYzZjA2OWExZWYxMzc0MGJkZWJkYzkxN2NhODM3NTA4Zjg2NTUzYjkzZDYxMSIs…",
      "publicKey": "MCowBQYDK2VwAyEA8sfoZBoufZ5tuDOAHz+Hi88zwGnAVCBwDMKL49U8/U4="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-39a99d51",
      "keyId": "9d51db03bf338169",
      "markPublicKey": "MCowBQYDK2VwAyEATY0SxZ9nvG4oi4sTTOVuANdx6FraRGRsLBiK0WA2K24="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:12.963000Z",
          "expiresAt": "2026-11-29T13:26:12.963000Z",
          "usedAt": "2026-11-29T12:26:12.988000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-39a99d51",
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
          "recordedAt": "2026-11-29T12:26:07.009477Z",
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
            "epoch": "ca1b8e379addc11e",
            "id": "ca1b8e379addc11e.2",
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
      "id": "export-q9tlb5atwa"
    },
    "query": {
      "file": "events",
      "expires": "1795956075",
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
          "id": "export-q9tlb5atwa",
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
          "requestedBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:15.130582Z",
          "finishedAt": "2026-11-29T12:26:15.230231Z",
          "keepUntil": "2026-11-29T13:26:15.295248Z",
          "error": null,
          "file": {
            "name": "export-q9tlb5atwa.ndjson",
            "bytes": 3125,
            "sha256": "dbde570783f3e7df7e6454d316501143adb71f6b2320ec03efabd974af9dadcb"
          },
          "manifestSha256": "67b612544646df5239faca3be145a97d6a8fe3fcb006e7d81691348bdb2d1583"
        }
      ]
    }
  },
  "exports.remove": {
    "parameters": {
      "id": "export-q9tlb5atwa"
    }
  },
  "exports.request": {
    "body": {
      "format": "ndjson",
      "session": "s-3"
    },
    "answer": {
      "id": "export-q9tlb5atwa",
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
      "requestedBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:15.130582Z",
      "finishedAt": null,
      "keepUntil": null,
      "error": null,
      "file": null,
      "manifestSha256": null
    }
  },
  "exports.show": {
    "parameters": {
      "id": "export-q9tlb5atwa"
    },
    "answer": {
      "id": "export-q9tlb5atwa",
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
      "requestedBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:15.130582Z",
      "finishedAt": "2026-11-29T12:26:15.230231Z",
      "keepUntil": "2026-11-29T13:26:15.295248Z",
      "error": null,
      "file": {
        "name": "export-q9tlb5atwa.ndjson",
        "bytes": 3125,
        "sha256": "dbde570783f3e7df7e6454d316501143adb71f6b2320ec03efabd974af9dadcb"
      },
      "manifestSha256": "67b612544646df5239faca3be145a97d6a8fe3fcb006e7d81691348bdb2d1583",
      "links": {
        "events": "/v1/exports/export-q9tlb5atwa/download?file=events&expires=1795956075&signature=___________________________________________",
        "manifest": "/v1/exports/export-q9tlb5atwa/download?file=manifest&expires=1795956075&signature=___________________________________________",
        "expireAt": "2026-11-29T12:41:15.000000Z"
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
          "recordedAt": "2026-11-29T12:26:07.177903Z",
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
      "startedAt": "2026-11-29T12:26:06.414Z"
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
          "since": "2026-11-29T12:26:06.725Z"
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
          "id": "hold-bawcewyqn9",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:991adc25",
          "placedAt": "2026-11-29T12:26:13.396914Z",
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
      "id": "hold-bawcewyqn9",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:991adc25",
      "placedAt": "2026-11-29T12:26:13.396914Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-bawcewyqn9"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-bawcewyqn9",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:991adc25",
      "placedAt": "2026-11-29T12:26:13.396914Z",
      "releasedBy": "api-key:991adc25",
      "releasedAt": "2026-11-29T12:26:13.488694Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-bawcewyqn9"
    },
    "answer": {
      "id": "hold-bawcewyqn9",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:991adc25",
      "placedAt": "2026-11-29T12:26:13.396914Z",
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
      "prefix": "f01cc7e3",
      "key": "afd_f01cc7e3_………",
      "id": "04106668-537b-42cd-8e75-2cf3b92c8327",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "04106668-537b-42cd-8e75-2cf3b92c8327",
          "prefix": "f01cc7e3",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:13.102000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T12:26:13.133000Z",
          "previousUntil": "2026-11-29T13:26:13.133000Z",
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
      "id": "04106668-537b-42cd-8e75-2cf3b92c8327"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "04106668-537b-42cd-8e75-2cf3b92c8327"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "f01cc7e3",
      "key": "afd_f01cc7e3_………",
      "id": "04106668-537b-42cd-8e75-2cf3b92c8327",
      "role": "auditor"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "ca1b8e379addc11e"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "ca1b8e379addc11e",
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
          "epoch": "ca1b8e379addc11e",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T12:26:07.008922Z",
          "updatedAt": "2026-11-29T12:26:07.177903Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "28",
            "recordedAt": "2026-11-29T12:26:07.177903Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 347167172
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-39a99d51",
      "generation": 1,
      "head": {
        "size": "29",
        "recordedAt": "2026-11-29T12:26:07.177903Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T12:36:07.209378Z"
      },
      "sessions": {
        "horizon": "28",
        "behind": "0",
        "open": 0
      },
      "search": {
        "horizon": "28",
        "behind": "0"
      },
      "producers": {
        "nodes": 1,
        "open": 1,
        "forked": 0,
        "lost": 0
      },
      "outbox": {
        "waiting": 7,
        "oldestAt": "2026-11-29T12:26:08.767869Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T12:26:07.646524Z",
          "lanes": [
            {
              "lane": "live",
              "position": "29",
              "behind": "15"
            }
          ],
          "batches": {
            "due": 11,
            "sending": 2
          },
          "oldestUndeliveredAt": "2026-11-29T12:26:07.009477Z",
          "deadLetters": 1
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "ca1b8e379addc11e.1"
    },
    "answer": {
      "event": "ca1b8e379addc11e.1",
      "node": "gw-1",
      "epoch": "ca1b8e379addc11e",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T12:26:07.009477Z",
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
              "cutAt": "2026-11-29T12:26:08.224324Z",
              "attempts": [
                {
                  "at": "2026-11-29T12:26:09.802524Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 423
                }
              ],
              "settledAt": "2026-11-29T12:26:09.802523Z",
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
          "id": "reconciliation-bpu29szym2",
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
          "createdBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:14.651691Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-bpu29szym2"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-bpu29szym2",
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
        "createdBy": "api-key:991adc25",
        "createdAt": "2026-11-29T12:26:14.651691Z",
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
      "id": "reconciliation-bpu29szym2",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:14.651691Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-skl44b8byy"
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
          "digest": "3dbab7f351882102b410fe302b268b960b28613ef9de558427d1a73f80561289",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-skl44b8byy"
    },
    "body": {},
    "answer": {
      "id": "replay-skl44b8byy",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:991adc25",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
      "plannedAt": "2026-11-29T12:26:14.402584Z",
      "startedAt": "2026-11-29T12:26:14.470520Z",
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
          "id": "replay-skl44b8byy",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:991adc25",
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
          "createdBy": "api-key:991adc25",
          "createdAt": "2026-11-29T12:26:13.845116Z",
          "plannedAt": "2026-11-29T12:26:14.402584Z",
          "startedAt": "2026-11-29T12:26:14.470520Z",
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
      "id": "replay-skl44b8byy"
    },
    "body": {},
    "answer": {
      "id": "replay-skl44b8byy",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
      "plannedAt": "2026-11-29T12:26:14.402584Z",
      "startedAt": "2026-11-29T12:26:14.470520Z",
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
      "id": "replay-skl44b8byy",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
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
      "id": "replay-skl44b8byy"
    },
    "body": {},
    "answer": {
      "id": "replay-skl44b8byy",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
      "plannedAt": "2026-11-29T12:26:14.402584Z",
      "startedAt": "2026-11-29T12:26:14.470520Z",
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
      "id": "replay-skl44b8byy"
    },
    "answer": {
      "id": "replay-skl44b8byy",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
      "plannedAt": "2026-11-29T12:26:14.402584Z",
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
      "id": "replay-skl44b8byy"
    },
    "body": {},
    "answer": {
      "id": "replay-skl44b8byy",
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
      "createdBy": "api-key:991adc25",
      "createdAt": "2026-11-29T12:26:13.845116Z",
      "plannedAt": "2026-11-29T12:26:14.402584Z",
      "startedAt": "2026-11-29T12:26:14.470520Z",
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
      "plannedAt": "2026-11-29T12:26:13.645308Z",
      "planned": [],
      "by": "api-key:991adc25",
      "begunAt": "2026-11-29T12:26:13.647415Z",
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
      "at": "2026-11-29T12:26:13.530941Z",
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
      "plannedAt": "2026-11-29T12:26:13.645308Z",
      "planned": [],
      "by": "api-key:991adc25",
      "begunAt": "2026-11-29T12:26:13.647415Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T12:26:13.645308Z",
          "planned": [],
          "by": "api-key:991adc25",
          "begunAt": "2026-11-29T12:26:13.647415Z",
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
          "epoch": "ca1b8e379addc11e",
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
          "recordedAt": "2026-11-29T12:26:07.177903Z",
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
            "epoch": "ca1b8e379addc11e",
            "id": "ca1b8e379addc11e.19",
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
        "epoch": "ca1b8e379addc11e",
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
