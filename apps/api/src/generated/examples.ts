// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = {
  "backfills.cancel": {
    "parameters": {
      "id": "backfill-ashl13u87u"
    },
    "body": {},
    "answer": {
      "id": "backfill-ashl13u87u",
      "destination": "archive",
      "state": "cancelled",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.435361Z",
      "startedAt": "2026-11-29T08:43:00.515722Z",
      "finishedAt": "2026-11-29T08:43:00.616228Z",
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
      "id": "backfill-ashl13u87u"
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
        "plan": "backfill-ashl13u87u",
        "failures": 0,
        "probe": false,
        "idsDigest": "6bacb4f92b86cdcee49dc2a4508e39d78f2522a82040f4675128169796936d99"
      },
      "waitMs": 0,
      "why": null
    }
  },
  "backfills.list": {
    "answer": {
      "backfills": [
        {
          "id": "backfill-ashl13u87u",
          "destination": "archive",
          "state": "planned",
          "asked": {},
          "filter": {},
          "selection": {},
          "mappingVersion": 1,
          "fromPos": "0",
          "toPos": "29",
          "nextPos": "0",
          "createdBy": "api-key:359dcb3f",
          "createdAt": "2026-11-29T08:43:00.435361Z",
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
  "backfills.one": {
    "parameters": {
      "id": "backfill-ashl13u87u"
    },
    "answer": {
      "id": "backfill-ashl13u87u",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.435361Z",
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
      "id": "backfill-ashl13u87u"
    },
    "body": {},
    "answer": {
      "id": "backfill-ashl13u87u",
      "destination": "archive",
      "state": "paused",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.435361Z",
      "startedAt": "2026-11-29T08:43:00.515722Z",
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
      "id": "backfill-ashl13u87u",
      "destination": "archive",
      "state": "planned",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "0",
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.435361Z",
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
      "id": "backfill-ashl13u87u"
    },
    "body": {
      "sender": "a-laptop"
    }
  },
  "backfills.resume": {
    "parameters": {
      "id": "backfill-ashl13u87u"
    },
    "body": {},
    "answer": {
      "id": "backfill-ashl13u87u",
      "destination": "archive",
      "state": "running",
      "asked": {},
      "filter": {},
      "selection": {},
      "mappingVersion": 1,
      "fromPos": "0",
      "toPos": "29",
      "nextPos": "5",
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.435361Z",
      "startedAt": "2026-11-29T08:43:00.515722Z",
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
      "id": "backfill-ashl13u87u",
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
          "event": "daded93540bad1cd.7",
          "state": "open",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "batch": "33",
          "batchState": "dead",
          "firstAt": "2026-11-29T08:42:59.353422Z",
          "lastAt": "2026-11-29T08:42:59.353422Z",
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
      "event": "daded93540bad1cd.7",
      "state": "open",
      "reason": "400 Bad Request: a log of this request is refused on demand",
      "batch": "33",
      "batchState": "dead",
      "firstAt": "2026-11-29T08:42:59.353422Z",
      "lastAt": "2026-11-29T08:42:59.353422Z",
      "decidedBy": null,
      "decidedReason": null,
      "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"daded93540bad1cd.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
      "attempts": [
        {
          "at": "2026-11-29T08:42:59.355162Z",
          "kind": "invalid",
          "reason": "400 Bad Request: a log of this request is refused on demand",
          "status": 400,
          "attempt": 1,
          "elapsedMs": 39
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
          "createdAt": "2026-11-29T08:42:59.235091Z",
          "dueAt": "2026-11-29T08:42:59.238202Z",
          "leaseUntil": null,
          "settledAt": "2026-11-29T08:42:59.364441Z",
          "answer": {
            "kind": "accepted",
            "status": 202
          },
          "attempts": [
            {
              "at": "2026-11-29T08:42:59.364442Z",
              "kind": "accepted",
              "status": 202,
              "attempt": 1,
              "elapsedMs": 11
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
          "since": "2026-11-29T08:42:57.772411Z",
          "isHeld": false,
          "announcedAt": "2026-11-29T08:42:57.772411Z",
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
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy0wZjI5YmQ4MSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNDllMDlkMmRmMTg5YWE0MjBlYmVjZjViODYyMzFjOTgzZGRjNjA1NjgxYzZkZTg0MjRmODUyOTRiY2FhZjZlNiIs…",
      "node": "gw-2",
      "expiresAt": "2026-11-29T09:42:59.345000Z"
    }
  },
  "enrolment.enrol": {
    "body": {
      "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy0wZjI5YmQ4MSIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNDllMDlkMmRmMTg5YWE0MjBlYmVjZjViODYyMzFjOTgzZGRjNjA1NjgxYzZkZTg0MjRmODUyOTRiY2FhZjZlNiIs…",
      "publicKey": "MCowBQYDK2VwAyEA2HLro3xIFpyIhLt7RSvneBwvDEEoEtvgBq8BBBBE+oA="
    },
    "answer": {
      "node": "gw-2",
      "log": "log-0f29bd81",
      "keyId": "0af7bae0fe276bb2",
      "markPublicKey": "MCowBQYDK2VwAyEA1nv63UJQ6b8w40fEB6gbyOKmD62eLtkVhJco7meIUb0="
    }
  },
  "enrolment.list": {
    "answer": {
      "enrolments": [
        {
          "node": "gw-2",
          "createdBy": "api-key:359dcb3f",
          "createdAt": "2026-11-29T08:42:59.345000Z",
          "expiresAt": "2026-11-29T09:42:59.345000Z",
          "usedAt": "2026-11-29T08:42:59.364000Z"
        }
      ]
    }
  },
  "enrolment.log": {
    "answer": {
      "log": "log-0f29bd81",
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
          "recordedAt": "2026-11-29T08:42:57.632753Z",
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
            "epoch": "daded93540bad1cd",
            "id": "daded93540bad1cd.2",
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
  "facets.approvals": {
    "query": {
      "state": "granted",
      "limit": "1"
    },
    "answer": {
      "approvals": [
        {
          "position": "25",
          "recordedAt": "2026-11-29T08:42:57.719538Z",
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
      "startedAt": "2026-11-29T08:42:57.414Z"
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
          "since": "2026-11-29T08:42:57.442Z"
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
          "id": "hold-87yd74n7fn",
          "matter": "2026-17",
          "reason": "asked for by counsel",
          "selection": {
            "session": "s-1"
          },
          "placedBy": "api-key:359dcb3f",
          "placedAt": "2026-11-29T08:42:59.515091Z",
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
      "id": "hold-87yd74n7fn",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:359dcb3f",
      "placedAt": "2026-11-29T08:42:59.515091Z",
      "releasedBy": null,
      "releasedAt": null,
      "releaseReason": null
    }
  },
  "holds.release": {
    "parameters": {
      "id": "hold-87yd74n7fn"
    },
    "body": {
      "reason": "the matter is closed"
    },
    "answer": {
      "id": "hold-87yd74n7fn",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:359dcb3f",
      "placedAt": "2026-11-29T08:42:59.515091Z",
      "releasedBy": "api-key:359dcb3f",
      "releasedAt": "2026-11-29T08:42:59.547198Z",
      "releaseReason": "the matter is closed"
    }
  },
  "holds.show": {
    "parameters": {
      "id": "hold-87yd74n7fn"
    },
    "answer": {
      "id": "hold-87yd74n7fn",
      "matter": "2026-17",
      "reason": "asked for by counsel",
      "selection": {
        "session": "s-1"
      },
      "placedBy": "api-key:359dcb3f",
      "placedAt": "2026-11-29T08:42:59.515091Z",
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
      "prefix": "c8087a16",
      "key": "afd_c8087a16_………",
      "id": "9d076983-b10f-43c3-b905-d18dba1b3e00",
      "role": "auditor"
    }
  },
  "keys.list": {
    "answer": {
      "keys": [
        {
          "id": "9d076983-b10f-43c3-b905-d18dba1b3e00",
          "prefix": "c8087a16",
          "role": "auditor",
          "label": "audit of the year",
          "createdBy": "api-key:359dcb3f",
          "createdAt": "2026-11-29T08:42:59.426000Z",
          "expiresAt": null,
          "revokedAt": null,
          "lastUsedAt": null,
          "rotatedAt": "2026-11-29T08:42:59.437000Z",
          "previousUntil": "2026-11-29T09:42:59.437000Z",
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
      "id": "9d076983-b10f-43c3-b905-d18dba1b3e00"
    }
  },
  "keys.rotate": {
    "parameters": {
      "id": "9d076983-b10f-43c3-b905-d18dba1b3e00"
    },
    "body": {
      "overlapMinutes": 60
    },
    "answer": {
      "prefix": "c8087a16",
      "key": "afd_c8087a16_………",
      "id": "9d076983-b10f-43c3-b905-d18dba1b3e00",
      "role": "auditor"
    }
  },
  "producers.declareLost": {
    "parameters": {
      "node": "gw-1",
      "epoch": "daded93540bad1cd"
    },
    "body": {
      "to": 25,
      "reason": "its disk is gone"
    },
    "answer": {
      "node": "gw-1",
      "epoch": "daded93540bad1cd",
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
          "epoch": "daded93540bad1cd",
          "state": "open",
          "seq": 24,
          "previous": null,
          "openedAt": "2026-11-29T08:42:57.631894Z",
          "updatedAt": "2026-11-29T08:42:57.719538Z",
          "nodeRevokedAt": null,
          "last": {
            "position": "28",
            "recordedAt": "2026-11-29T08:42:57.719538Z",
            "occurredAt": "2026-11-25T12:00:00.006000Z",
            "lagMs": 333777714
          }
        }
      ]
    }
  },
  "producers.status": {
    "answer": {
      "log": "log-0f29bd81",
      "generation": 1,
      "head": {
        "size": "29",
        "recordedAt": "2026-11-29T08:42:57.719538Z"
      },
      "recorder": {
        "active": true,
        "leaseUntil": "2026-11-29T08:52:57.724207Z"
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
        "oldestAt": "2026-11-29T08:42:58.296779Z"
      },
      "quarantined": 0,
      "foreignEntries": 0,
      "destinations": [
        {
          "destination": "datadog",
          "state": "delivering",
          "reason": null,
          "since": "2026-11-29T08:42:57.772411Z",
          "lanes": [
            {
              "lane": "live",
              "position": "29",
              "behind": "18"
            }
          ],
          "batches": {
            "due": 7,
            "sending": 3
          },
          "oldestUndeliveredAt": "2026-11-29T08:42:57.632753Z",
          "deadLetters": 0
        }
      ]
    }
  },
  "receipts.one": {
    "parameters": {
      "eventId": "daded93540bad1cd.1"
    },
    "answer": {
      "event": "daded93540bad1cd.1",
      "node": "gw-1",
      "epoch": "daded93540bad1cd",
      "seq": 1,
      "recorded": {
        "position": "1",
        "at": "2026-11-29T08:42:57.632753Z",
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
              "cutAt": "2026-11-29T08:42:57.876087Z",
              "attempts": [
                {
                  "at": "2026-11-29T08:42:58.424556Z",
                  "kind": "invalid",
                  "reason": "400 Bad Request: a log of this request is refused on demand",
                  "status": 400,
                  "attempt": 1,
                  "elapsedMs": 116
                }
              ],
              "settledAt": "2026-11-29T08:42:58.424555Z",
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
          "id": "reconciliation-vgjr67n4el",
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
          "createdBy": "api-key:359dcb3f",
          "createdAt": "2026-11-29T08:43:00.390641Z",
          "finishedAt": null
        }
      ]
    }
  },
  "reconciliations.one": {
    "parameters": {
      "id": "reconciliation-vgjr67n4el"
    },
    "answer": {
      "reconciliation": {
        "id": "reconciliation-vgjr67n4el",
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
        "createdBy": "api-key:359dcb3f",
        "createdAt": "2026-11-29T08:43:00.390641Z",
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
      "id": "reconciliation-vgjr67n4el",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:43:00.390641Z",
      "finishedAt": null
    }
  },
  "replays.blocks": {
    "parameters": {
      "id": "replay-6t2btsmq52"
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
          "digest": "c2a3890736ffa00668d325a2742ba3c33116d1ab08d076758ba60d38b140118f",
          "outcome": null
        }
      ],
      "next": null
    }
  },
  "replays.cancel": {
    "parameters": {
      "id": "replay-6t2btsmq52"
    },
    "body": {},
    "answer": {
      "id": "replay-6t2btsmq52",
      "destination": "datadog",
      "state": "cancelled",
      "reason": "cancelled by api-key:359dcb3f",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
      "plannedAt": "2026-11-29T08:43:00.212743Z",
      "startedAt": "2026-11-29T08:43:00.259498Z",
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
          "id": "replay-6t2btsmq52",
          "destination": "datadog",
          "state": "cancelled",
          "reason": "cancelled by api-key:359dcb3f",
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
          "createdBy": "api-key:359dcb3f",
          "createdAt": "2026-11-29T08:42:59.894457Z",
          "plannedAt": "2026-11-29T08:43:00.212743Z",
          "startedAt": "2026-11-29T08:43:00.259498Z",
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
      "id": "replay-6t2btsmq52"
    },
    "body": {},
    "answer": {
      "id": "replay-6t2btsmq52",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
      "plannedAt": "2026-11-29T08:43:00.212743Z",
      "startedAt": "2026-11-29T08:43:00.259498Z",
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
      "id": "replay-6t2btsmq52",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
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
      "id": "replay-6t2btsmq52"
    },
    "body": {},
    "answer": {
      "id": "replay-6t2btsmq52",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
      "plannedAt": "2026-11-29T08:43:00.212743Z",
      "startedAt": "2026-11-29T08:43:00.259498Z",
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
      "id": "replay-6t2btsmq52"
    },
    "answer": {
      "id": "replay-6t2btsmq52",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
      "plannedAt": "2026-11-29T08:43:00.212743Z",
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
      "id": "replay-6t2btsmq52"
    },
    "body": {},
    "answer": {
      "id": "replay-6t2btsmq52",
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
      "createdBy": "api-key:359dcb3f",
      "createdAt": "2026-11-29T08:42:59.894457Z",
      "plannedAt": "2026-11-29T08:43:00.212743Z",
      "startedAt": "2026-11-29T08:43:00.259498Z",
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
      "plannedAt": "2026-11-29T08:42:59.716249Z",
      "planned": [],
      "by": "api-key:359dcb3f",
      "begunAt": "2026-11-29T08:42:59.717430Z",
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
      "at": "2026-11-29T08:42:59.583598Z",
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
      "plannedAt": "2026-11-29T08:42:59.716249Z",
      "planned": [],
      "by": "api-key:359dcb3f",
      "begunAt": "2026-11-29T08:42:59.717430Z",
      "finishedAt": null,
      "report": null
    }
  },
  "retention.runs": {
    "answer": {
      "runs": [
        {
          "id": "1",
          "plannedAt": "2026-11-29T08:42:59.716249Z",
          "planned": [],
          "by": "api-key:359dcb3f",
          "begunAt": "2026-11-29T08:42:59.717430Z",
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
          "epoch": "daded93540bad1cd",
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
          "recordedAt": "2026-11-29T08:42:57.719538Z",
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
            "epoch": "daded93540bad1cd",
            "id": "daded93540bad1cd.19",
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
        "epoch": "daded93540bad1cd",
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
