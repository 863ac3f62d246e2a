// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-0wzvyrj7rm"
    },
    "body": {},
    "answer": {
      "id": "backfill-0wzvyrj7rm",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.278256Z",
      "startedAt": "2026-11-29T13:04:03.379088Z",
      "finishedAt": "2026-11-29T13:04:03.485097Z",
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
      "id": "backfill-0wzvyrj7rm"
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
        "plan": "backfill-0wzvyrj7rm",
        "failures": 0,
        "probe": false,
        "idsDigest": "cc81a3e65a453ec79f49a7cbd162e098421571f286062c2058aebdd76d7215bd"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-0wzvyrj7rm",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "29",
          "nextPos": "0",
          "createdBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:03.278256Z",
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
      "id": "backfill-0wzvyrj7rm",
      "batch": "37"
    },
    "answer": {
      "positions": []
    }
  },
  "backfills.one": {
    "parameters": {
      "id": "backfill-0wzvyrj7rm"
    },
    "answer": {
      "id": "backfill-0wzvyrj7rm",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.278256Z",
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
      "id": "backfill-0wzvyrj7rm"
    },
    "body": {},
    "answer": {
      "id": "backfill-0wzvyrj7rm",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.278256Z",
      "startedAt": "2026-11-29T13:04:03.379088Z",
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
      "id": "backfill-0wzvyrj7rm",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.278256Z",
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
      "id": "backfill-0wzvyrj7rm"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-0wzvyrj7rm"
    },
    "body": {},
    "answer": {
      "id": "backfill-0wzvyrj7rm",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.278256Z",
      "startedAt": "2026-11-29T13:04:03.379088Z",
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
      "id": "backfill-0wzvyrj7rm",
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
          "event": "dd21dc9c85c43942.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "33",
          "batchState": "dead",
          "firstAt": "2026-11-29T13:04:01.934911Z",
          "lastAt": "2026-11-29T13:04:01.934911Z",
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
      "event": "dd21dc9c85c43942.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "33",
      "batchState": "dead",
      "firstAt": "2026-11-29T13:04:01.934911Z",
      "lastAt": "2026-11-29T13:04:01.934911Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"dd21dc9c85c43942.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T13:04:01.937235Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 77
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
          "from": "13",
          "to": "14",
          "count": 1,
          "bytes": 839,
          "state": "dead",
          "attempt": 1,
          "uncertain": 0,
          "late": 0,
          "purged": 0,
          "mappingVersion": 2,
          "filterVersion": 1,
          "createdAt": "2026-11-29T13:04:01.633604Z",
          "dueAt": "2026-11-29T13:04:01.684215Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T13:04:01.961099Z",
          "answer": {
            "kind": "invalid",
            "reason": "400 Bad Request: a log of this request is refused on demand",
            "status": 400
          },
          "attempts": [
            {
              "at": "2026-11-29T13:04:01.961099Z",
              "kind": "invalid",
              "reason": "400 Bad Request: a log of this request is refused on demand",
              "status": 400,
              "attempt": 1,
              "elapsedMs": 12
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
          "since": "2026-11-29T13:03:59.583334Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T13:03:59.583334Z",
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
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy01NDkzOWQ0NyIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiMzNlMDU0OGQxYzQxMGU2MGVkMTk4Mzk4Y2FkZDE5NjFmY2UxMDBkYjlmYmZiNmZjNzgxZTI1OTJlMjg1NDAwYiIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T14:04:01.717000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy01NDkzOWQ0NyIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiMzNlMDU0OGQxYzQxMGU2MGVkMTk4Mzk4Y2FkZDE5NjFmY2UxMDBkYjlmYmZiNmZjNzgxZTI1OTJlMjg1NDAwYiIs…",
      "publicKey": "MCowBQYDK2VwAyEAZYF1z43O7xniKCFMXF+NsDUaOl42i1tjZPLelGeQFe8="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-54939d47",
      "keyId": "3134a3de2b741d1a",
      "markPublicKey": "MCowBQYDK2VwAyEAGV++yuCMyLve3619SylYCM5z5HZC7Tou+re2yI24QsI="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:01.717000Z",
          "expiresAt": "2026-11-29T14:04:01.717000Z",
          "usedAt": "2026-11-29T13:04:01.771000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-54939d47",
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
          "recordedAt": "2026-11-29T13:03:59.392062Z",
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
            "epoch": "dd21dc9c85c43942",
            "id": "dd21dc9c85c43942.2",
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
      "id": "export-10g8k63hwx"
    },
    "query": {
      "file": "events",
      "expires": "1795958343",
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
          "id": "export-10g8k63hwx",
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
          "requestedBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:03.502483Z",
          "finishedAt": "2026-11-29T13:04:03.546717Z",
          "keepUntil": "2026-11-29T14:04:03.550437Z",
          "error": null,
          "file": {
            "name": "export-10g8k63hwx.ndjson",
            "bytes": 3125,
            "sha256": "8c2bb1b7d1c82a963f7d40fccab1b6aaa9e136f9011abcddfb8f3bc184acb116"
          },
          "manifestSha256": "48f73e1168c034cb767f9cb42fc43c3982e7d9cdd5581b1ae665fd3c1a0ea1aa"
        }
      ]
    }
  },
  "exports.remove": {
    "parameters": {
      "id": "export-10g8k63hwx"
    }
  },
  "exports.request": {
    "body": {
      "format": "ndjson",
      "session": "s-3"
    },
    "answer": {
      "id": "export-10g8k63hwx",
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
      "requestedBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.502483Z",
      "finishedAt": null,
      "keepUntil": null,
      "error": null,
      "file": null,
      "manifestSha256": null
    }
  },
  "exports.show": {
    "parameters": {
      "id": "export-10g8k63hwx"
    },
    "answer": {
      "id": "export-10g8k63hwx",
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
      "requestedBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.502483Z",
      "finishedAt": "2026-11-29T13:04:03.546717Z",
      "keepUntil": "2026-11-29T14:04:03.550437Z",
      "error": null,
      "file": {
        "name": "export-10g8k63hwx.ndjson",
        "bytes": 3125,
        "sha256": "8c2bb1b7d1c82a963f7d40fccab1b6aaa9e136f9011abcddfb8f3bc184acb116"
      },
      "manifestSha256": "48f73e1168c034cb767f9cb42fc43c3982e7d9cdd5581b1ae665fd3c1a0ea1aa",
      "links": {
        "events": "/v1/exports/export-10g8k63hwx/download?file=events&expires=1795958343&signature=___________________________________________",
        "manifest": "/v1/exports/export-10g8k63hwx/download?file=manifest&expires=1795958343&signature=___________________________________________",
        "expireAt": "2026-11-29T13:19:03.000000Z"
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
          "recordedAt": "2026-11-29T13:03:59.436369Z",
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
      "startedAt": "2026-11-29T13:03:59.145Z"
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
          "since": "2026-11-29T13:03:59.271Z"
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
          "id": "hold-burpnk2rpw",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:2afcc342",
          "placedAt": "2026-11-29T13:04:02.061058Z",
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
      "id": "hold-burpnk2rpw",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:2afcc342",
      "placedAt": "2026-11-29T13:04:02.061058Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-burpnk2rpw"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-burpnk2rpw",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:2afcc342",
      "placedAt": "2026-11-29T13:04:02.061058Z",
      "releasedBy": "api-key:2afcc342",
      "releasedAt": "2026-11-29T13:04:02.096616Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-burpnk2rpw"
    },
    "answer": {
      "id": "hold-burpnk2rpw",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:2afcc342",
      "placedAt": "2026-11-29T13:04:02.061058Z",
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
      "prefix": "f5afee3b",
      "key": "afd_f5afee3b_………",
      "id": "adddd3cd-b32a-402a-86a7-d076819dc989",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "adddd3cd-b32a-402a-86a7-d076819dc989",
          "prefix": "f5afee3b",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:01.960000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T13:04:01.981000Z",
          "previousUntil": "2026-11-29T14:04:01.981000Z",
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
      "id": "adddd3cd-b32a-402a-86a7-d076819dc989"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "adddd3cd-b32a-402a-86a7-d076819dc989"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "f5afee3b",
      "key": "afd_f5afee3b_………",
      "id": "adddd3cd-b32a-402a-86a7-d076819dc989",
      "role": "auditor"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "dd21dc9c85c43942"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "dd21dc9c85c43942",
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
          "epoch": "dd21dc9c85c43942",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T13:03:59.391701Z",
          "updatedAt": "2026-11-29T13:03:59.436369Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "28",
            "recordedAt": "2026-11-29T13:03:59.436369Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 349439430
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-54939d47",
      "generation": 1,
      "head": {
        "size": "29",
        "recordedAt": "2026-11-29T13:03:59.436369Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T13:13:59.446945Z"
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
        "waiting": 6,
        "oldestAt": "2026-11-29T13:04:00.234726Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T13:03:59.583334Z",
          "lanes": [
            {
              "lane": "live",
              "position": "29",
              "behind": "16"
            }
          ],
          "batches": {
            "due": 6,
            "sending": 4
          },
          "oldestUndeliveredAt": "2026-11-29T13:03:59.392062Z",
          "deadLetters": 0
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "dd21dc9c85c43942.1"
    },
    "answer": {
      "event": "dd21dc9c85c43942.1",
      "node": "gw-1",
      "epoch": "dd21dc9c85c43942",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T13:03:59.392062Z",
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
              "cutAt": "2026-11-29T13:03:59.797990Z",
              "attempts": [
                {
                  "at": "2026-11-29T13:04:00.768532Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 170
                }
              ],
              "settledAt": "2026-11-29T13:04:00.768532Z",
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
          "id": "reconciliation-uwqex8rvt0",
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
          "createdBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:03.224950Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-uwqex8rvt0"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-uwqex8rvt0",
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
        "createdBy": "api-key:2afcc342",
        "createdAt": "2026-11-29T13:04:03.224950Z",
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
      "id": "reconciliation-uwqex8rvt0",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:03.224950Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-pa0p9ggju4"
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
          "digest": "28729197c724ed1b8292301f18a275888f163cc1e2801f81f5a9a568be4954b5",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-pa0p9ggju4"
    },
    "body": {},
    "answer": {
      "id": "replay-pa0p9ggju4",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:2afcc342",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
      "plannedAt": "2026-11-29T13:04:03.028157Z",
      "startedAt": "2026-11-29T13:04:03.120632Z",
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
          "id": "replay-pa0p9ggju4",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:2afcc342",
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
          "createdBy": "api-key:2afcc342",
          "createdAt": "2026-11-29T13:04:02.488617Z",
          "plannedAt": "2026-11-29T13:04:03.028157Z",
          "startedAt": "2026-11-29T13:04:03.120632Z",
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
      "id": "replay-pa0p9ggju4"
    },
    "body": {},
    "answer": {
      "id": "replay-pa0p9ggju4",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
      "plannedAt": "2026-11-29T13:04:03.028157Z",
      "startedAt": "2026-11-29T13:04:03.120632Z",
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
      "id": "replay-pa0p9ggju4",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
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
      "id": "replay-pa0p9ggju4"
    },
    "body": {},
    "answer": {
      "id": "replay-pa0p9ggju4",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
      "plannedAt": "2026-11-29T13:04:03.028157Z",
      "startedAt": "2026-11-29T13:04:03.120632Z",
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
      "id": "replay-pa0p9ggju4"
    },
    "answer": {
      "id": "replay-pa0p9ggju4",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
      "plannedAt": "2026-11-29T13:04:03.028157Z",
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
      "id": "replay-pa0p9ggju4"
    },
    "body": {},
    "answer": {
      "id": "replay-pa0p9ggju4",
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
      "createdBy": "api-key:2afcc342",
      "createdAt": "2026-11-29T13:04:02.488617Z",
      "plannedAt": "2026-11-29T13:04:03.028157Z",
      "startedAt": "2026-11-29T13:04:03.120632Z",
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
      "plannedAt": "2026-11-29T13:04:02.266344Z",
      "planned": [],
      "by": "api-key:2afcc342",
      "begunAt": "2026-11-29T13:04:02.269032Z",
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
      "at": "2026-11-29T13:04:02.122998Z",
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
      "plannedAt": "2026-11-29T13:04:02.266344Z",
      "planned": [],
      "by": "api-key:2afcc342",
      "begunAt": "2026-11-29T13:04:02.269032Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T13:04:02.266344Z",
          "planned": [],
          "by": "api-key:2afcc342",
          "begunAt": "2026-11-29T13:04:02.269032Z",
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
          "epoch": "dd21dc9c85c43942",
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
          "recordedAt": "2026-11-29T13:03:59.436369Z",
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
            "epoch": "dd21dc9c85c43942",
            "id": "dd21dc9c85c43942.19",
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
        "epoch": "dd21dc9c85c43942",
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
