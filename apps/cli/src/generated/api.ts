// Made by scripts/docs.mjs from docs/reference/openapi.json. Change the API, then run: npm run docs
export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This process is alive
         * @description Needs no key.
         */
        get: operations["health.alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/log/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The newest checkpoint: a signed note over size and root of the Merkle log
         * @description As C2SP tlog-checkpoint says, in text/plain. Needs no key.
         */
        get: operations["log.checkpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/log/tile/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A hash tile, or a bundle of entries, of the Merkle log
         * @description As C2SP tlog-tiles says, in application/octet-stream: `path` is `<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`, its slashes as they are. An entry is the leaf data of an event: time, class, run, number and digest, never its content. Needs no key.
         */
        get: operations["log.tile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prometheus' text form
         * @description Needs no key.
         */
        get: operations["health.metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What it needs is there; 503 if not
         * @description Needs no key.
         */
        get: operations["health.ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was asked for, granted, rejected or bypassed, newest first
         * @description One entry for each act, as it was recorded. Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["facets.approvals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Backfills, newest first
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        get: operations["backfills.list"];
        put?: never;
        /**
         * Plan a backfill: history for a destination that never had it
         * @description Asked again in the same words, it is the one that is not over yet. A destination that is not known is entered; its own deliveries begin where the log ends now. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One backfill, and what became of it so far
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        get: operations["backfills.one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/batches/{batch}/missing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which positions of a borrowed batch are gone, and no purge accounts for them
         * @description For whoever finds fewer events than the batch was cut from. None, where retention took them. Needs a key with the role operator. To a key with limits it is not there.
         */
        get: operations["backfills.missing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/batches/{batch}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say what became of a borrowed batch
         * @description May be repeated. `held` is false, and nothing is changed, where the lease went to another attempt. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.settle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End it for good
         * @description What is under way may still arrive; it counts as cancelled. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Borrow the next batch, to send it
         * @description The events themselves come from `GET /v1/events`. One process at a time has a backfill, and keeps it by asking. Where there is no batch, ask again after `waitMs`; `state` says when it is over. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.lend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a backfill rest
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let another process send it at once
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backfills/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let it go on
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["backfills.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Connections that had sessions, by name
         * @description Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["facets.connections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connections/{name}/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who touched a connection, the last first
         * @description Counts all sessions of the time that is asked for. Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["facets.touched"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events that a destination refuses for good, with the reason
         * @description Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["deadLetters.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{destination}/{position}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One of them, as it was rendered, with its attempts
         * @description Reading it is on the record. Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["deadLetters.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give dead letters up, with a reason; the record keeps the events
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["deadLetters.discard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send dead letters once more, as the newest mapping renders them
         * @description A forwarder sends each in a request of its own; what is refused again is open again. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["deadLetters.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delivery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Each destination and lane: how far, how fast, and what is due when and why
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["delivery.status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delivery/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Requests to destinations, newest first, with their attempts
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["delivery.batches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delivery/sweep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make wake-ups again for everything that is due
         * @description The forwarders do so within a second, from the ledger, whatever the queue in Redis lost; they also do it by themselves every few seconds. Nothing is brought forward. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["delivery.sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tokens given out, newest first
         * @description Needs a key with the role admin. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["enrolment.list"];
        put?: never;
        /**
         * A one-time token with which one gateway may enrol under this name
         * @description Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["enrolment.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The log, page by page or as a stream
         * @description With `after` oldest first, with `before` newest first. To follow it, ask again with the `next` of the last answer. As application/x-ndjson all of the range comes in one answer, an event a line; its header `affidavit-range` says the positions (the second exclusive). An answer that breaks off has no proper end. With `text` what comes are commands (and chunks of long ones) that hold the words; one request looks through so much and no more: a page may be short, or empty, with `more: true`. Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["events.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exports, newest first
         * @description A key sees its own, an admin key all. Needs a key with the role auditor. That it was read is on the record before it answers.
         */
        get: operations["exports.list"];
        put?: never;
        /**
         * Ask for an export: a background job that survives restarts
         * @description What is recorded when it is asked for belongs to it; the limits of the key are part of it. Until it is finished no purge drops what it is still to read. Needs a key with the role auditor.
         */
        post: operations["exports.request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One export: how far it is, and, when it is finished, links to fetch it
         * @description Needs a key with the role auditor. That it was read is on the record before it answers.
         */
        get: operations["exports.show"];
        put?: never;
        post?: never;
        /**
         * End an export, or remove its file before its time
         * @description That it was made stays on the record. Needs a key with the role auditor.
         */
        delete: operations["exports.remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exports/{id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fetch the file or the manifest, by a link that this API gave out
         * @description A part of the file comes with the header `range`, so that a download can go on. Needs no key.
         */
        get: operations["exports.download"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Holds, newest first
         * @description Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["holds.list"];
        put?: never;
        /**
         * Place a legal hold
         * @description Effective when this is answered: no purge drops a partition with an event that it fits, also one that arrives later. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["holds.place"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One hold
         * @description Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["holds.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release a hold, for ever
         * @description What it alone kept goes with the next run that is planned after this. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["holds.release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Identities that had sessions, by id
         * @description Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["facets.identities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All keys ever made, newest first, without their secrets
         * @description Needs a key with the role admin. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["keys.list"];
        put?: never;
        /**
         * Make an API key; it is shown once
         * @description Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["keys.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a key, for ever
         * @description Needs a key with the role admin. To a key with limits it is not there.
         */
        delete: operations["keys.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a key a new secret; it is shown once
         * @description Prefix, role and limits stay. The secret that is replaced opens for the overlap, then no more. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which log this API serves
         * @description A gateway compares it with the one it has pinned. Needs no key.
         */
        get: operations["enrolment.log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take in a gateway's public key against its one-time token
         * @description The same token with the same key again gets the same answer. Needs no key.
         */
        post: operations["enrolment.enrol"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/producers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs of producers and how far each is recorded, newest first
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["producers.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/producers/{node}/{epoch}/declare-lost": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Declare that numbers will never come
         * @description The recorder carries it out and puts `producer.lost` on the record. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["producers.declareLost"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/receipts/{eventId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The way of one event: recorded, sent, accepted, observed
         * @description A state is claimed only where it is known. Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["receipts.one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reconciliations, newest first
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["reconciliations.list"];
        put?: never;
        /**
         * Compare what a destination accepted with what it shows
         * @description A forwarder carries it out, within the requests that the destination allows. It is on the record. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["reconciliations.request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reconciliations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One reconciliation with what it found
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["reconciliations.one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Replays, newest first
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["replays.list"];
        put?: never;
        /**
         * Plan a replay: list what it would send
         * @description Answered at once, in state `planning`; a forwarder of the destination then reads the log, and it is `planned`. Nothing is sent before it is started. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["replays.plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One replay: what it lists, how far it is, and, at the end, its report
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["replays.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a replay lists, a thousand positions each, with a digest, and what became of it
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["replays.blocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a replay for good; what is not sent yet never will be
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["replays.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a running replay rest; what is under way ends as it ends
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["replays.pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a paused replay go on
         * @description Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["replays.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/replays/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a planned replay run
         * @description Refused where it lists nothing, or where filter, mapping or log are others than when it was planned. Needs a key with the role operator. To a key with limits it is not there.
         */
        post: operations["replays.start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Classes, open changes, the last purges
         * @description Needs a key with the role viewer. To a key with limits it is not there. That it was read is on the record before it answers.
         */
        get: operations["retention.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep a class longer, or propose to keep it less long
         * @description Longer, or under more requirements: at once. Anything less waits until another admin key confirms it. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["retention.change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/changes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take a proposal back
         * @description Needs a key with the role admin. To a key with limits it is not there.
         */
        delete: operations["retention.withdraw"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/changes/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm what another admin key proposed
         * @description Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["retention.confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a run would purge, and what keeps the rest
         * @description A simulation: nothing is changed. Holds, deliveries and classes are those of now, also for another time. Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["retention.plan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs, newest first
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["retention.runs"];
        put?: never;
        /**
         * Plan a run; a recorder carries it out within seconds
         * @description While one is under way, that one. Needs a key with the role admin. To a key with limits it is not there.
         */
        post: operations["retention.begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One run, with what became of its plan
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["retention.run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sessions, newest first
         * @description By the time they were opened. With `text` by their newest command that holds the words: a page may then be short, or empty, although `next` leads on. Pages stay in step while sessions arrive. As text/csv all that fit come in one answer; what a spreadsheet would run as a formula begins with a quote. Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["sessions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One session with its events, oldest first
         * @description Needs a key with the role viewer. That it was read is on the record before it answers.
         */
        get: operations["sessions.one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Each hop: how far, how far behind, since when
         * @description Needs a key with the role viewer. To a key with limits it is not there.
         */
        get: operations["producers.status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ApprovalListAnswer: {
            approvals: {
                approval: string | null;
                /** @description By the producer's clock. */
                at: string | null;
                by: string | null;
                command: string | null;
                connection: string | null;
                identity: string | null;
                position: string;
                reason: string | null;
                recordedAt: string;
                session: string | null;
                /** @enum {string} */
                state: "requested" | "granted" | "rejected" | "expired" | "bypassed";
            }[];
            /** @description `cursor` of the next page; null at the end. */
            next: string | null;
        };
        BackfillAnswer: {
            asked: {
                from?: string;
                query?: string;
                to?: string;
            };
            createdAt: string;
            createdBy: string;
            destination: string;
            /** @description The destination's filter when it was planned. */
            filter: components["schemas"]["Selection"];
            finishedAt: string | null;
            /** @description A position in the log; -1: before the first. */
            fromPos: string;
            /** @description Until when a process has it to itself. */
            heldUntil: string | null;
            id: string;
            mappingVersion: number;
            /** @description Positions below are in batches. */
            nextPos: string;
            report: {
                /** @description Given up; of those under way then, the destination may have some. */
                cancelled: number;
                /** @description Dead letters. */
                dead: number;
                /** @description Of them, those that show at the time of their receipt. */
                late: number;
                /** @description In batches that are not settled. */
                open: number;
                /** @description Copies beyond one that the destination may hold. */
                possibleDuplicates: number;
                /** @description Removed by retention after they were cut. */
                purged: number;
                /** @description Events that the destination accepted. */
                sent: number;
            };
            /** @description What the query selects beside it. */
            selection: components["schemas"]["Selection"];
            startedAt: string | null;
            /** @enum {string} */
            state: "planned" | "running" | "paused" | "finished" | "cancelled";
            /** @description Exclusive. */
            toPos: string;
        };
        BackfillListAnswer: {
            backfills: components["schemas"]["BackfillAnswer"][];
        };
        BatchListAnswer: {
            batches: {
                answer: ({
                    kind: string;
                    reason?: string;
                    status?: number;
                } & {
                    [key: string]: unknown;
                }) | null;
                attempt: number;
                attempts: {
                    at: string;
                    attempt: number;
                    elapsedMs: number;
                    kind: string;
                    reason?: string;
                    status?: number;
                }[];
                bytes: number;
                count: number;
                createdAt: string;
                destination: string;
                dueAt: string;
                filterVersion: number;
                from: string;
                id: string;
                /** @enum {string} */
                lane: "live" | "catchup" | "replay" | "backfill";
                late: number;
                leaseUntil: string | null;
                mappingVersion: number;
                parent: string | null;
                plan: string | null;
                purged: number;
                settledAt: string | null;
                /** @enum {string} */
                state: "due" | "sending" | "accepted" | "observed" | "doubt" | "split" | "dead" | "paused" | "cancelled";
                to: string;
                /** @description Attempts that may have been stored without our knowing. */
                uncertain: number;
            }[];
            /** @description `cursor` of the next page; null at the end. A page may be empty although more follows. */
            next: string | null;
        };
        BlockListAnswer: {
            blocks: {
                bytes: number;
                count: number;
                /** @description SHA-256 over the ids of the block's events, in order of position, a line feed behind each. */
                digest: string;
                from: string;
                late: number;
                observed: number;
                outcome: {
                    dead: number;
                    isEqual: boolean;
                    /** @description Of `sent`: show at their receipt time. */
                    late: number;
                    /** @description Gone from the record although no purge is recorded. */
                    missing: number;
                    possibleDuplicates: number;
                    /** @description Retention removed them before they were sent. */
                    purged: number;
                    sent: number;
                    /** @description Cancelled before. */
                    unsent: number;
                } | null;
                to: string;
            }[];
            /** @description `after` of the next page; null at the end. */
            next: string | null;
        };
        ChangeAnswer: {
            /** @description Of the proposal. */
            id: string | null;
            /**
             * @description proposed: it keeps less, and waits for another admin key.
             * @enum {string}
             */
            outcome: "unchanged" | "changed" | "proposed";
        };
        ConnectionListAnswer: {
            connections: {
                firstSessionAt: string;
                /** @description Id of the session that was opened last. */
                lastSession: string;
                lastSessionAt: string;
                name: string;
                sensitivity: string | null;
                type: string | null;
            }[];
            /** @description The last position that this answer takes into account. */
            horizon: string;
            /** @description `cursor` of the next page; null at the end. */
            next: string | null;
        };
        DeadLetter: {
            batch: string;
            /**
             * @description Of that batch; `accepted`: a retry succeeded.
             * @enum {string}
             */
            batchState: "due" | "sending" | "accepted" | "observed" | "doubt" | "split" | "dead" | "paused" | "cancelled";
            decidedBy: string | null;
            decidedReason: string | null;
            destination: string;
            /** @description Its id: `<epoch>.<seq>`. */
            event: string;
            firstAt: string;
            lastAt: string;
            position: string;
            /** @description Of the destination's last refusal. */
            reason: string;
            /** @enum {string} */
            state: "open" | "retried" | "discarded";
        };
        DeadLetterActAnswer: {
            count: number;
            destination: string;
            /** @description Positions at which no open dead letter stands. */
            skipped: string[];
        };
        DeadLetterAnswer: {
            attempts: {
                at: string;
                attempt: number;
                elapsedMs: number;
                kind: string;
                reason?: string;
                status?: number;
            }[];
            batch: string;
            /**
             * @description Of that batch; `accepted`: a retry succeeded.
             * @enum {string}
             */
            batchState: "due" | "sending" | "accepted" | "observed" | "doubt" | "split" | "dead" | "paused" | "cancelled";
            /** @description As it was rendered when it was refused. */
            body: string;
            decidedBy: string | null;
            decidedReason: string | null;
            destination: string;
            /** @description Its id: `<epoch>.<seq>`. */
            event: string;
            firstAt: string;
            lastAt: string;
            position: string;
            /** @description Of the destination's last refusal. */
            reason: string;
            /** @enum {string} */
            state: "open" | "retried" | "discarded";
        };
        DeadLetterListAnswer: {
            deadLetters: components["schemas"]["DeadLetter"][];
            /** @description `cursor` of the next page; null at the end. */
            next: string | null;
        };
        DeclareLostAnswer: {
            epoch: string;
            node: string;
            to: number;
        };
        DeliveryAnswer: {
            destinations: {
                /** @description When a forwarder last said that it has it. */
                announcedAt: string;
                deadLetters: number;
                destination: string;
                /** @description Paused in affidavit.yaml. */
                isHeld: boolean;
                kind: string;
                lanes: {
                    behind: string;
                    doubt: number;
                    due: number;
                    /** @description Accepted, over the last minute. */
                    eventsPerSecond: number;
                    /** @enum {string} */
                    lane: "live" | "catchup" | "replay" | "backfill";
                    /** @description What is sent next, when, and the answer that made it wait. */
                    next: {
                        attempt: number;
                        batch: string;
                        dueAt: string;
                        why: string | null;
                    } | null;
                    oldestUndeliveredAt: string | null;
                    paused: number;
                    position: string;
                    sending: number;
                }[];
                /** @description Nothing is sent before. */
                opensAt: string | null;
                reason: string | null;
                since: string;
                /** @enum {string} */
                state: "delivering" | "failing" | "paused";
            }[];
        };
        EnrolmentAnswer: {
            expiresAt: string;
            node: string;
            /** @description Shown once. */
            token: string;
        };
        EnrolmentListAnswer: {
            enrolments: {
                createdAt: string;
                createdBy: string;
                expiresAt: string;
                node: string;
                usedAt: string | null;
            }[];
        };
        EventListAnswer: {
            events: components["schemas"]["RecordedEvent"][];
            /** @description Size of the log when it was read. */
            head: string;
            /** @description With `text`: the last position that was searched. */
            horizon?: string;
            /** @description False at the end. A page may be empty although more follows. */
            more: boolean;
            /** @description `after` (or `before`) of the next page; also where to go on following the log. */
            next: string;
            /** @description Purges that took events recorded between those of this page: they are gone, not missing. */
            purged: components["schemas"]["PurgeRow"][];
        };
        ExportAnswer: {
            bytes: number;
            /** @description Events, so far. */
            count: number;
            createdAt: string;
            /** @description What went wrong last. Where it is `running` it is tried again. */
            error: {
                code: string;
                message: string;
                remedy: string;
            } | null;
            /** @description Null until it is finished. */
            file: {
                bytes: number;
                name: string;
                sha256: string;
            } | null;
            finishedAt: string | null;
            /** @enum {string} */
            format: "ndjson" | "csv" | "json" | "zip";
            /** @description The first position of its range. */
            from: string;
            id: string;
            /** @description Its file is removed then; the manifest stays. */
            keepUntil: string | null;
            /** @enum {string} */
            kind: "events" | "evidence";
            manifestSha256: string | null;
            /** @description Every position before it is done. */
            next: string;
            requestedBy: string;
            selection: {
                connection?: string;
                from?: string;
                identity?: string;
                /** @description Of the key that asked: nothing beyond them belongs to it. */
                limits?: {
                    connections?: string[];
                    from?: string;
                    to?: string;
                };
                session?: string;
                to?: string;
                types?: string[];
            };
            /** @enum {string} */
            state: "waiting" | "running" | "finished" | "failed" | "deleted" | "expired";
            /** @description Exclusive. */
            to: string;
        };
        ExportListAnswer: {
            exports: components["schemas"]["ExportAnswer"][];
        };
        HealthAnswer: {
            /** @constant */
            alive: true;
            startedAt: string;
        };
        HeldSelection: {
            connection?: string;
            from?: string;
            identity?: string;
            kind?: string;
            outcome?: string;
            session?: string;
            to?: string;
            types?: string[];
        };
        HoldAnswer: {
            id: string;
            matter: string;
            placedAt: string;
            placedBy: string;
            reason: string;
            /** @description Null while it is in force. */
            releasedAt: string | null;
            releasedBy: string | null;
            releaseReason: string | null;
            /** @description Events that all of it fits are kept. */
            selection: components["schemas"]["HeldSelection"];
        };
        HoldListAnswer: {
            holds: components["schemas"]["HoldAnswer"][];
        };
        IdentityListAnswer: {
            /** @description The last position that this answer takes into account. */
            horizon: string;
            identities: {
                email: string | null;
                firstSessionAt: string;
                id: string;
                kind: ("agent" | "human" | "service") | null;
                /** @description Id of the session that was opened last. */
                lastSession: string;
                lastSessionAt: string;
                name: string | null;
                onBehalfOf: string | null;
            }[];
            /** @description `cursor` of the next page; null at the end. */
            next: string | null;
        };
        KeyListAnswer: {
            keys: {
                createdAt: string;
                createdBy: string;
                expiresAt: string | null;
                /** Format: uuid */
                id: string;
                label: string | null;
                /** @description To the minute. */
                lastUsedAt: string | null;
                limits: {
                    connections?: string[];
                    from?: string;
                    to?: string;
                } | null;
                prefix: string;
                /** @description Until when the secret before the last rotation opens, too. */
                previousUntil: string | null;
                revokedAt: string | null;
                /** @enum {string} */
                role: "viewer" | "auditor" | "operator" | "admin";
                rotatedAt: string | null;
            }[];
        };
        LeaseAnswer: {
            batch: {
                /** @description To be said with the result. */
                attempt: number;
                bytes: number;
                count: number;
                destination: string;
                failures: number;
                filterVersion: number;
                /** @description A position in the log; -1: before the first. */
                fromPos: string;
                id: string;
                /** @description SHA-256 of the events' ids, a line each; hex. */
                idsDigest: string;
                /** @constant */
                lane: "backfill";
                mappingVersion: number;
                parent: string | null;
                plan: string;
                probe: boolean;
                purged: number;
                range: string;
                /** @description Exclusive. */
                toPos: string;
                uncertain: number;
            } | null;
            /** @enum {string} */
            state: "planned" | "running" | "paused" | "finished" | "cancelled";
            waitMs: number;
            /** @description Why there is no batch now. */
            why: string | null;
        };
        LogAnswer: {
            generation: number;
            /** @description The keys that sign or signed them, newest first, as C2SP signed-note writes them. */
            keys: string[];
            log: string;
            /** @description The name under which checkpoints are signed. */
            origin: string;
        };
        MissingAnswer: {
            positions: string[];
        };
        NewKeyAnswer: {
            /** Format: uuid */
            id: string;
            /** @description Shown once. */
            key: string;
            prefix: string;
            /** @enum {string} */
            role: "viewer" | "auditor" | "operator" | "admin";
        };
        NodeAnswer: {
            keyId: string;
            log: string;
            /** @description The log's mark key: SPKI DER in base64. */
            markPublicKey: string;
            node: string;
        };
        PlanAnswer: {
            at: string;
            partitions: {
                /** @description The rule, hold or need that decides. */
                because: string;
                class: string;
                /** @description From when on policy and requirements let it go; null: never. */
                dueAt: string | null;
                /** @description Null where its time has not come. */
                events: string | null;
                fromAt: string;
                holds: string[];
                name: string;
                toAt: string;
                /** @enum {string} */
                verdict: "purge" | "held" | "waits" | "kept";
            }[];
        };
        Problem: {
            code: string;
            detail: string;
            remedy: string;
            status: number;
            title: string;
            type: string;
        };
        ProducerListAnswer: {
            producers: {
                epoch: string;
                last: {
                    /** @description From happening to being recorded; wrong by as much as the producer's clock is. */
                    lagMs: number | null;
                    occurredAt: string | null;
                    /** @description A position in the log; -1: before the first. */
                    position: string;
                    recordedAt: string;
                } | null;
                node: string;
                nodeRevokedAt: string | null;
                openedAt: string;
                previous: string | null;
                /** @description Recorded up to this number. */
                seq: number;
                /** @enum {string} */
                state: "open" | "closed" | "forked" | "lost";
                updatedAt: string;
            }[];
        };
        Purge: {
            at: string;
            class: string;
            /** @description Events that it removed, also such as no plan listed. */
            count: number;
            from: string;
            to: string;
        };
        PurgeRow: {
            at: string;
            class: string;
            count: string;
            from: string;
            to: string;
        };
        ReadyAnswer: {
            checks: {
                hop: string;
                name: string;
                ok: boolean;
                reason?: string;
                remedy?: string;
                required: boolean;
                since: string;
            }[];
            ready: boolean;
        };
        ReceiptAnswer: {
            destinations: {
                batches: {
                    attempts: ({
                        at: string;
                        attempt: number;
                        kind: string;
                    } & {
                        [key: string]: unknown;
                    })[];
                    batch: string;
                    count: number;
                    cutAt: string;
                    isResend: boolean;
                    lane: string;
                    lookedAt: string | null;
                    observedAt: string | null;
                    parent: string | null;
                    plan: string | null;
                    /** @description Different events of it that were there when it was last looked for. */
                    seen: number | null;
                    settledAt: string | null;
                    state: string;
                }[];
                deadLetter: {
                    at: string;
                    reason: string;
                    state: string;
                } | null;
                destination: string;
                logs: {
                    attempt: number;
                    batch: string;
                    logId: string;
                    observedAt: string;
                }[];
                /**
                 * @description The strongest that is known.
                 * @enum {string}
                 */
                state: "unwanted" | "uncut" | "cancelled" | "waiting" | "sending" | "doubt" | "dead" | "accepted" | "observed";
            }[];
            epoch: string;
            event: string;
            node: string;
            /** @description By the producer's clock: durable on its disk after that, and before it was recorded. */
            occurredAt: string | null;
            /** @description That the event is part of what the log signed; null until a checkpoint is over it. */
            proof: {
                /** @description A signed note, as C2SP tlog-checkpoint says. */
                checkpoint: string;
                /** @description Leaf data in base64: what is hashed. */
                leaf: string;
                /** @description Hashes in base64 that lead from the leaf to the root, the leaf's sibling first. */
                path: string[];
                /** @description Of the tree that the checkpoint is over. */
                size: string;
            } | null;
            recorded: {
                at: string;
                position: string;
                run: {
                    first: string;
                    last: string;
                };
            };
            seq: number;
            /** @description Null where retention removed the event. */
            type: string | null;
        };
        ReconciliationAnswer: {
            altered: string;
            batches: string;
            /** @description Events. */
            checked: string;
            /** @description Of them, those whose log was listed and compared. */
            compared: string;
            createdAt: string;
            createdBy: string;
            destination: string;
            /** @description Copies beyond one of each event. */
            duplicated: string;
            finishedAt: string | null;
            from: string;
            id: string;
            missing: string;
            /** @description Everything before is done. */
            next: string;
            resent: string;
            sendsMissing: boolean;
            /** @enum {string} */
            state: "waiting" | "running" | "finished";
            /** @description Exclusive. */
            to: string;
            truncated: string;
            /** @description What it waits for: a free request, a key. */
            waitsFor: string | null;
        };
        ReconciliationListAnswer: {
            reconciliations: components["schemas"]["ReconciliationAnswer"][];
        };
        ReconciliationResultAnswer: {
            findings: {
                batch: string;
                /**
                 * @description Of an absence, as far as the destination tells; `lost`: nothing explains it; `unknown`: what might could not be read.
                 * @enum {string}
                 */
                cause: "" | "lost" | "unknown" | "exclusion-filter" | "no-index" | "quota" | "permission" | "window" | "retention";
                count: number;
                detail: string;
                /** @enum {string} */
                kind: "missing" | "duplicated" | "truncated" | "altered";
                /** @description The first thousand. */
                positions: string[];
                /** @description The batch that sends them again. */
                resentIn: string | null;
            }[];
            reconciliation: components["schemas"]["ReconciliationAnswer"];
        };
        RecordedEvent: {
            /** @description Retention class in force. */
            class: string;
            /** @description A position in the log; -1: before the first. */
            duplicateOf?: string;
            epoch?: string;
            /** @description The recorded event, byte for byte; docs/reference/events.md has its types. */
            event?: {
                connection?: {
                    name: string;
                    type: string;
                } & {
                    [key: string]: unknown;
                };
                data: {
                    [key: string]: unknown;
                };
                epoch: string;
                /** @description `<epoch>.<seq>` */
                id: string;
                identity?: {
                    id: string;
                    kind: string;
                } & {
                    [key: string]: unknown;
                };
                node: string;
                seq: number;
                session?: string;
                /** @description By the producer's clock. */
                time: string;
                type: string;
            } & {
                [key: string]: unknown;
            };
            /** @description Whose the quarantined bytes are; of an event, it says so itself. */
            node?: string;
            /** @description A position in the log; -1: before the first. */
            position: string;
            /** @description In place of `event`: bytes that could not be taken apart, in base64. */
            quarantined?: string;
            recordedAt: string;
            seq?: number;
        };
        ReplayAnswer: {
            /** @description As it was asked for. */
            asked: {
                [key: string]: unknown;
            };
            /** @description As the destination gets them, before compression. */
            bytes: number;
            count: number;
            createdAt: string;
            createdBy: string;
            destination: string;
            filterVersion: number;
            finishedAt: string | null;
            from: string;
            id: string;
            /** @description Would show at their receipt time, when it was planned. */
            late: number;
            mappingVersion: number;
            missingOnly: boolean;
            /** @description Of them, already seen at the destination. */
            observed: number;
            plannedAt: string | null;
            /** @description Read up to here; `to` when it is planned. */
            plannedTo: string;
            reason: string | null;
            report: components["schemas"]["ReplayReport"] | null;
            /** @description As it was understood. */
            selection: {
                [key: string]: unknown;
            };
            startedAt: string | null;
            /** @enum {string} */
            state: "planning" | "planned" | "running" | "paused" | "finished" | "cancelled" | "failed";
            /** @description Exclusive. */
            to: string;
        };
        ReplayListAnswer: {
            replays: components["schemas"]["ReplayAnswer"][];
        };
        ReplayReport: {
            blocks: number;
            dead: number;
            differences: {
                dead: number;
                from: string;
                /** @description Of `sent`: show at their receipt time. */
                late: number;
                /** @description Gone from the record although no purge is recorded. */
                missing: number;
                planned: number;
                /** @description Retention removed them before they were sent. */
                purged: number;
                sent: number;
                to: string;
                /** @description Cancelled before. */
                unsent: number;
            }[];
            /** @description Blocks that differ; the first hundred are listed. */
            differing: number;
            /** @description All of it was sent, and it is what was planned. */
            isEqual: boolean;
            /** @description Of `sent`: show at their receipt time. */
            late: number;
            /** @description Gone from the record although no purge is recorded. */
            missing: number;
            planned: number;
            /** @description Copies that the destination may hold beyond those sent. */
            possibleDuplicates: number;
            /** @description Retention removed them before they were sent. */
            purged: number;
            purges: components["schemas"]["Purge"][];
            sent: number;
            /** @description Cancelled before. */
            unsent: number;
        };
        RetentionAnswer: {
            /** @description What waits for a second person. */
            changes: components["schemas"]["RetentionChange"][];
            classes: {
                /** @description Null: for ever. */
                keepDays: number | null;
                name: string;
                requirements: string[];
            }[];
            /** @description The last hundred. */
            purges: components["schemas"]["PurgeRow"][];
        };
        RetentionChange: {
            class: string;
            id: string;
            keepDays: number | null;
            proposedAt: string;
            proposedBy: string;
            reason: string;
            requirements: string[];
        };
        RunAnswer: {
            begunAt: string;
            by: string;
            finishedAt: string | null;
            id: string;
            /** @description Partitions to be dropped. */
            planned: string[];
            plannedAt: string;
            /** @description What became of each partition of the plan. */
            report: {
                [key: string]: string;
            } | null;
        };
        RunListAnswer: {
            runs: components["schemas"]["RunAnswer"][];
        };
        Selection: {
            connections?: string[];
            identities?: string[];
            sessions?: string[];
            types?: string[];
        };
        Session: {
            approvalRequired: boolean;
            /** @enum {string} */
            approvalState: "none" | "requested" | "granted" | "rejected" | "expired" | "bypassed";
            bytesIn: number;
            bytesOut: number;
            claimed: {
                [key: string]: unknown;
            } | null;
            class: string;
            client: {
                [key: string]: unknown;
            } | null;
            closedAt: string | null;
            commands: number;
            connection: string | null;
            connectionType: string | null;
            context: string[];
            epoch: string | null;
            error: {
                code: string;
                message: string;
            } | null;
            failed: number;
            id: string;
            identityEmail: string | null;
            identityId: string | null;
            identityKind: ("agent" | "human" | "service") | null;
            identityName: string | null;
            /** @description False: the identity was only claimed. */
            identityVerified: boolean | null;
            lastActivityAt: string;
            node: string | null;
            onBehalfOf: string | null;
            openedAt: string;
            outcome: string | null;
            reason: string | null;
            rows: number;
            sensitivity: string | null;
            /** @enum {string} */
            state: "open" | "closed" | "denied" | "abandoned";
            target: {
                [key: string]: unknown;
            } | null;
        };
        SessionAnswer: {
            events: components["schemas"]["RecordedEvent"][];
            /** @description Holds in force that keep an event of it. */
            holds: components["schemas"]["HoldAnswer"][];
            /** @description The last position that this answer takes into account. */
            horizon: string;
            more: boolean;
            /** @description `after` of the next page. */
            next: string;
            session: components["schemas"]["Session"];
        };
        SessionListAnswer: {
            /** @description The last position that this answer takes into account. */
            horizon: string;
            /** @description `cursor` of the next page; null at the end. */
            next: string | null;
            sessions: components["schemas"]["Session"][];
        };
        SettledAnswer: {
            /** @description Until the next attempt. */
            delayMs?: number;
            /** @description False: the lease went to another attempt, and nothing was changed. */
            held: boolean;
            /** @description How the destination turned. */
            turned?: {
                from: string;
                to: string;
            };
        };
        StatusAnswer: {
            /** @description The newest signed state of the Merkle log. */
            checkpoint: {
                generation: number;
                signedAt: string;
                size: string;
            } | null;
            destinations: {
                /** @description Unsettled batches by state. */
                batches: {
                    [key: string]: number;
                };
                deadLetters: number;
                destination: string;
                lanes: {
                    behind: string;
                    lane: string;
                    position: string;
                }[];
                oldestUndeliveredAt: string | null;
                reason: string | null;
                since: string;
                state: string;
            }[];
            /** @description What it found not to be as it was recorded. */
            differences: number;
            foreignEntries: number;
            generation: number;
            head: {
                recordedAt: string | null;
                size: string;
            };
            log: string;
            outbox: {
                oldestAt: string | null;
                waiting: number;
            };
            producers: {
                forked: number;
                lost: number;
                nodes: number;
                open: number;
            };
            quarantined: number;
            recorder: {
                active: boolean;
                leaseUntil: string | null;
            };
            /** @description Text inside commands. */
            search: {
                behind: string;
                /** @description The last position that this answer takes into account. */
                horizon: string;
            };
            sessions: {
                behind: string;
                /** @description The last position that this answer takes into account. */
                horizon: string;
                open: number;
            };
            /** @description Events that the Merkle tree does not cover yet. */
            treeBehind: string;
            /** @description The pass under way, or the last, that reads what is recorded again. */
            verification: {
                finishedAt: string | null;
                next: string;
                startedAt: string;
                to: string;
            } | null;
        };
        SweepAnswer: {
            destinations: {
                destination: string;
                /** @description Batches that should be under way. */
                due: number;
                /** @description Wait for a time that has not come. */
                later: number;
                paused: number;
            }[];
        };
        TouchListAnswer: {
            /** @description The last position that this answer takes into account. */
            horizon: string;
            identities: {
                /** @description Of them, those in which an approval was gone around. */
                bypassed: number;
                commands: number;
                /** @description Of them, those that were not let in. */
                denied: number;
                failed: number;
                firstSessionAt: string;
                /** @description Null: nobody was named. */
                identity: string | null;
                /** @description False: in some of its sessions it was only claimed. */
                isVerified: boolean;
                kind: ("agent" | "human" | "service") | null;
                /** @description Id of the session that was opened last. */
                lastSession: string;
                lastSessionAt: string;
                onBehalfOf: string | null;
                rows: number;
                sessions: number;
            }[];
        };
        WholeExportAnswer: {
            bytes: number;
            /** @description Events, so far. */
            count: number;
            createdAt: string;
            /** @description What went wrong last. Where it is `running` it is tried again. */
            error: {
                code: string;
                message: string;
                remedy: string;
            } | null;
            /** @description Null until it is finished. */
            file: {
                bytes: number;
                name: string;
                sha256: string;
            } | null;
            finishedAt: string | null;
            /** @enum {string} */
            format: "ndjson" | "csv" | "json" | "zip";
            /** @description The first position of its range. */
            from: string;
            id: string;
            /** @description Its file is removed then; the manifest stays. */
            keepUntil: string | null;
            /** @enum {string} */
            kind: "events" | "evidence";
            /** @description Open without a key until `expireAt`; this address gives new ones. Null until it is finished. */
            links: {
                /** @description Null where the file is gone, or lies in the folder of another node. */
                events: string | null;
                expireAt: string;
                manifest: string;
            } | null;
            manifestSha256: string | null;
            /** @description Every position before it is done. */
            next: string;
            requestedBy: string;
            selection: {
                connection?: string;
                from?: string;
                identity?: string;
                /** @description Of the key that asked: nothing beyond them belongs to it. */
                limits?: {
                    connections?: string[];
                    from?: string;
                    to?: string;
                };
                session?: string;
                to?: string;
                types?: string[];
            };
            /** @enum {string} */
            state: "waiting" | "running" | "finished" | "failed" | "deleted" | "expired";
            /** @description Exclusive. */
            to: string;
        };
        WholeReplayAnswer: {
            /** @description As it was asked for. */
            asked: {
                [key: string]: unknown;
            };
            /** @description As the destination gets them, before compression. */
            bytes: number;
            count: number;
            createdAt: string;
            createdBy: string;
            destination: string;
            filterVersion: number;
            finishedAt: string | null;
            from: string;
            /** @description Why nothing of it moves now; null where nothing is in the way. */
            hindrance: string | null;
            id: string;
            /** @description Would show at their receipt time, when it was planned. */
            late: number;
            mappingVersion: number;
            missingOnly: boolean;
            /** @description Of them, already seen at the destination. */
            observed: number;
            plannedAt: string | null;
            /** @description Read up to here; `to` when it is planned. */
            plannedTo: string;
            progress: {
                dead: number;
                open: number;
                sent: number;
            };
            /** @description What retention removed since it was planned, of the time that it covers. */
            purges: components["schemas"]["Purge"][];
            reason: string | null;
            report: components["schemas"]["ReplayReport"] | null;
            /** @description As it was understood. */
            selection: {
                [key: string]: unknown;
            };
            /** @description How the world differs from what was planned for; while it is `planned`. */
            stale: string[];
            startedAt: string | null;
            /** @enum {string} */
            state: "planning" | "planned" | "running" | "paused" | "finished" | "cancelled" | "failed";
            /** @description Exclusive. */
            to: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "health.alive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "alive": true,
                     *       "startedAt": "2026-11-29T15:28:21.924Z"
                     *     }
                     */
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "log.checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "log.tile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ready": true,
                     *       "checks": [
                     *         {
                     *           "name": "postgres",
                     *           "hop": "record → reader",
                     *           "ok": true,
                     *           "required": true,
                     *           "since": "2026-11-29T15:28:22.100Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReadyAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "facets.approvals": {
        parameters: {
            query?: {
                connection?: string;
                /** @description `next` of the page before, with the same filters. */
                cursor?: string;
                /** @description Recorded at or after. */
                from?: string;
                identity?: string;
                /** @description Of the identity. */
                kind?: "agent" | "human" | "service";
                /** @example 1 */
                limit?: number;
                session?: string;
                /** @example granted */
                state?: "requested" | "granted" | "rejected" | "expired" | "bypassed";
                /** @description Recorded before. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "approvals": [
                     *         {
                     *           "position": "26",
                     *           "recordedAt": "2026-11-29T15:28:22.171582Z",
                     *           "at": "2026-11-25T12:00:00.003000Z",
                     *           "state": "granted",
                     *           "session": "s-3",
                     *           "identity": "billing-agent",
                     *           "connection": "orders",
                     *           "approval": "a1",
                     *           "command": null,
                     *           "by": "reviewer",
                     *           "reason": null
                     *         }
                     *       ],
                     *       "next": "WyJaYlR6YUhtZCIsIjI2Il0"
                     *     }
                     */
                    "application/json": components["schemas"]["ApprovalListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.list": {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "backfills": [
                     *         {
                     *           "id": "backfill-qdpk4w656i",
                     *           "destination": "archive",
                     *           "state": "planned",
                     *           "asked": {},
                     *           "filter": {},
                     *           "selection": {},
                     *           "mappingVersion": 1,
                     *           "fromPos": "0",
                     *           "toPos": "30",
                     *           "nextPos": "0",
                     *           "createdBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:25.812458Z",
                     *           "startedAt": null,
                     *           "finishedAt": null,
                     *           "heldUntil": null,
                     *           "report": {
                     *             "sent": 0,
                     *             "late": 0,
                     *             "dead": 0,
                     *             "possibleDuplicates": 0,
                     *             "purged": 0,
                     *             "open": 0,
                     *             "cancelled": 0
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "destination": "archive",
                 *       "kind": "datadog",
                 *       "mappingVersion": 1
                 *     }
                 */
                "application/json": {
                    destination: string;
                    /** @description A position, or an instant: the first position that was recorded then or later. */
                    from?: string;
                    /** @description Kind of the destination, such as `datadog`. */
                    kind: string;
                    mappingVersion: number;
                    /** @description `type:… connection:… identity:… session:…`; several values with commas. */
                    query?: string;
                    /** @description Its filter, where the destination is not known yet. */
                    selection?: {
                        connections?: string[];
                        identities?: string[];
                        types?: string[];
                    };
                    /** @description Exclusive. Default: where the deliveries of the destination itself begin. */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "backfill-qdpk4w656i",
                     *       "destination": "archive",
                     *       "state": "planned",
                     *       "asked": {},
                     *       "filter": {},
                     *       "selection": {},
                     *       "mappingVersion": 1,
                     *       "fromPos": "0",
                     *       "toPos": "30",
                     *       "nextPos": "0",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.812458Z",
                     *       "startedAt": null,
                     *       "finishedAt": null,
                     *       "heldUntil": null,
                     *       "report": {
                     *         "sent": 0,
                     *         "late": 0,
                     *         "dead": 0,
                     *         "possibleDuplicates": 0,
                     *         "purged": 0,
                     *         "open": 0,
                     *         "cancelled": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.one": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "backfill-qdpk4w656i",
                     *       "destination": "archive",
                     *       "state": "planned",
                     *       "asked": {},
                     *       "filter": {},
                     *       "selection": {},
                     *       "mappingVersion": 1,
                     *       "fromPos": "0",
                     *       "toPos": "30",
                     *       "nextPos": "0",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.812458Z",
                     *       "startedAt": null,
                     *       "finishedAt": null,
                     *       "heldUntil": null,
                     *       "report": {
                     *         "sent": 0,
                     *         "late": 0,
                     *         "dead": 0,
                     *         "possibleDuplicates": 0,
                     *         "purged": 0,
                     *         "open": 0,
                     *         "cancelled": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.missing": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A position in the log.
                 * @example 35
                 */
                batch: string;
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "positions": []
                     *     }
                     */
                    "application/json": components["schemas"]["MissingAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.settle": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A position in the log.
                 * @example 35
                 */
                batch: string;
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "outcome": "later",
                 *       "attempt": 1,
                 *       "answer": {
                 *         "kind": "unauthorized",
                 *         "status": 403,
                 *         "reason": "403"
                 *       },
                 *       "elapsedMs": 5
                 *     }
                 */
                "application/json": {
                    answer: {
                        /** @constant */
                        kind: "accepted";
                        status: number;
                    };
                    /** @description Of the lease. */
                    attempt: number;
                    elapsedMs: number;
                    /** @description Events that show at the time of their receipt. */
                    late: number;
                    /** @constant */
                    outcome: "accepted";
                    /** @description Events of the batch that the record no longer has. */
                    purged: number;
                } | {
                    answer: {
                        /** @constant */
                        kind: "retry";
                        mayBeStored: boolean;
                        reason: string;
                        status?: number;
                        waitMs?: number;
                    } | {
                        /** @constant */
                        kind: "refused";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "unauthorized";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "invalid";
                        reason: string;
                        status: number;
                    };
                    /** @description Of the lease. */
                    attempt: number;
                    elapsedMs: number;
                    /** @constant */
                    outcome: "later";
                } | {
                    answer: {
                        /** @constant */
                        kind: "retry";
                        mayBeStored: boolean;
                        reason: string;
                        status?: number;
                        waitMs?: number;
                    } | {
                        /** @constant */
                        kind: "refused";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "unauthorized";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "too-large";
                        reason: string;
                        status: number;
                    } | {
                        /** @constant */
                        kind: "invalid";
                        reason: string;
                        status: number;
                    };
                    /** @description Where the second part begins. */
                    at: string;
                    /** @description Of the lease. */
                    attempt: number;
                    elapsedMs: number;
                    /** @constant */
                    outcome: "split";
                } | {
                    answer: {
                        /** @constant */
                        kind: "retry";
                        mayBeStored: boolean;
                        reason: string;
                        status?: number;
                        waitMs?: number;
                    } | {
                        /** @constant */
                        kind: "refused";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "unauthorized";
                        reason: string;
                        status?: number;
                    } | {
                        /** @constant */
                        kind: "too-large";
                        reason: string;
                        status: number;
                    } | {
                        /** @constant */
                        kind: "invalid";
                        reason: string;
                        status: number;
                    };
                    /** @description Of the lease. */
                    attempt: number;
                    /** @description The one event of the batch, as it was rendered. */
                    body: string;
                    elapsedMs: number;
                    /** @constant */
                    outcome: "dead";
                } | {
                    /** @description Of the lease. */
                    attempt: number;
                    /** @constant */
                    outcome: "unsent";
                    /** @description As the lease said it: the next one may then probe the destination at once. */
                    probe: boolean;
                } | {
                    /** @description Of the lease. */
                    attempt: number;
                    /** @constant */
                    outcome: "reopened";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "held": true,
                     *       "turned": {
                     *         "from": "delivering",
                     *         "to": "paused"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SettledAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "backfill-qdpk4w656i",
                     *       "destination": "archive",
                     *       "state": "cancelled",
                     *       "asked": {},
                     *       "filter": {},
                     *       "selection": {},
                     *       "mappingVersion": 1,
                     *       "fromPos": "0",
                     *       "toPos": "30",
                     *       "nextPos": "5",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.812458Z",
                     *       "startedAt": "2026-11-29T15:28:25.860103Z",
                     *       "finishedAt": "2026-11-29T15:28:25.928543Z",
                     *       "heldUntil": null,
                     *       "report": {
                     *         "dead": 0,
                     *         "late": 0,
                     *         "open": 0,
                     *         "sent": 0,
                     *         "purged": 0,
                     *         "cancelled": 5,
                     *         "possibleDuplicates": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.lend": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sender": "a-laptop",
                 *       "leaseMs": 60000,
                 *       "maxEvents": 5,
                 *       "maxBytes": 1000000,
                 *       "mappingVersions": [
                 *         1
                 *       ]
                 *     }
                 */
                "application/json": {
                    leaseMs: number;
                    mappingVersions: number[];
                    maxBytes: number;
                    maxEvents: number;
                    /** @description The destination's own bound, over all its lanes. */
                    rate?: {
                        bytesPerSecond?: number;
                        eventsPerSecond?: number;
                    };
                    /** @description Names the process that asks, for as long as it runs. */
                    sender: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "state": "running",
                     *       "batch": {
                     *         "id": "35",
                     *         "range": "5",
                     *         "destination": "archive",
                     *         "lane": "backfill",
                     *         "parent": null,
                     *         "fromPos": "0",
                     *         "toPos": "5",
                     *         "count": 5,
                     *         "mappingVersion": 1,
                     *         "filterVersion": 1,
                     *         "attempt": 1,
                     *         "bytes": 2093,
                     *         "uncertain": 0,
                     *         "purged": 0,
                     *         "plan": "backfill-qdpk4w656i",
                     *         "failures": 0,
                     *         "probe": false,
                     *         "idsDigest": "b9677353f78aef18c648b17ba2b2d358a5c9f9903c0caf61944600242207474e"
                     *       },
                     *       "waitMs": 0,
                     *       "why": null
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "backfill-qdpk4w656i",
                     *       "destination": "archive",
                     *       "state": "paused",
                     *       "asked": {},
                     *       "filter": {},
                     *       "selection": {},
                     *       "mappingVersion": 1,
                     *       "fromPos": "0",
                     *       "toPos": "30",
                     *       "nextPos": "5",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.812458Z",
                     *       "startedAt": "2026-11-29T15:28:25.860103Z",
                     *       "finishedAt": null,
                     *       "heldUntil": null,
                     *       "report": {
                     *         "sent": 0,
                     *         "late": 0,
                     *         "dead": 0,
                     *         "possibleDuplicates": 0,
                     *         "purged": 0,
                     *         "open": 5,
                     *         "cancelled": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.release": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sender": "a-laptop"
                 *     }
                 */
                "application/json": {
                    sender: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "backfills.resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example backfill-qdpk4w656i */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "backfill-qdpk4w656i",
                     *       "destination": "archive",
                     *       "state": "running",
                     *       "asked": {},
                     *       "filter": {},
                     *       "selection": {},
                     *       "mappingVersion": 1,
                     *       "fromPos": "0",
                     *       "toPos": "30",
                     *       "nextPos": "5",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.812458Z",
                     *       "startedAt": "2026-11-29T15:28:25.860103Z",
                     *       "finishedAt": null,
                     *       "heldUntil": null,
                     *       "report": {
                     *         "sent": 0,
                     *         "late": 0,
                     *         "dead": 0,
                     *         "possibleDuplicates": 0,
                     *         "purged": 0,
                     *         "open": 5,
                     *         "cancelled": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BackfillAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "facets.connections": {
        parameters: {
            query?: {
                /** @description `next` of the page before, with the same filters. */
                cursor?: string;
                /** @description Of sessions opened at or after. */
                from?: string;
                /** @description That had a session there. */
                identity?: string;
                limit?: number;
                /** @description Of sessions opened before. */
                to?: string;
                /** @example postgres */
                type?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "connections": [
                     *         {
                     *           "name": "orders",
                     *           "type": "postgres",
                     *           "sensitivity": "normal",
                     *           "lastSessionAt": "2026-11-25T12:00:00.001000Z",
                     *           "lastSession": "s-3",
                     *           "firstSessionAt": "2026-11-25T12:00:00.001000Z"
                     *         }
                     *       ],
                     *       "next": null,
                     *       "horizon": "29"
                     *     }
                     */
                    "application/json": components["schemas"]["ConnectionListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "facets.touched": {
        parameters: {
            query?: {
                /** @description Of sessions opened at or after. */
                from?: string;
                /** @description Of the identity. */
                kind?: "agent" | "human" | "service";
                limit?: number;
                /** @description Of sessions opened before. */
                to?: string;
            };
            header?: never;
            path: {
                /** @example orders */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identities": [
                     *         {
                     *           "identity": "billing-agent",
                     *           "kind": "agent",
                     *           "onBehalfOf": null,
                     *           "isVerified": true,
                     *           "sessions": 4,
                     *           "denied": 0,
                     *           "bypassed": 0,
                     *           "commands": 4,
                     *           "failed": 0,
                     *           "rows": 4,
                     *           "firstSessionAt": "2026-11-25T12:00:00.001000Z",
                     *           "lastSessionAt": "2026-11-25T12:00:00.001000Z",
                     *           "lastSession": "s-3"
                     *         }
                     *       ],
                     *       "horizon": "29"
                     *     }
                     */
                    "application/json": components["schemas"]["TouchListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "deadLetters.list": {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string;
                destination?: string;
                limit?: number;
                /** @example open */
                state?: "open" | "retried" | "discarded" | "any";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deadLetters": [
                     *         {
                     *           "destination": "datadog",
                     *           "position": "12",
                     *           "event": "eac6fd79c95d5f04.7",
                     *           "state": "open",
                     *           "reason": "400 Bad Request: a log of this request is refused on demand",
                     *           "batch": "32",
                     *           "batchState": "dead",
                     *           "firstAt": "2026-11-29T15:28:24.135244Z",
                     *           "lastAt": "2026-11-29T15:28:24.135244Z",
                     *           "decidedBy": null,
                     *           "decidedReason": null
                     *         }
                     *       ],
                     *       "next": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetterListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "deadLetters.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example datadog */
                destination: string;
                /**
                 * @description A position in the log.
                 * @example 12
                 */
                position: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "destination": "datadog",
                     *       "position": "12",
                     *       "event": "eac6fd79c95d5f04.7",
                     *       "state": "open",
                     *       "reason": "400 Bad Request: a log of this request is refused on demand",
                     *       "batch": "32",
                     *       "batchState": "dead",
                     *       "firstAt": "2026-11-29T15:28:24.135244Z",
                     *       "lastAt": "2026-11-29T15:28:24.135244Z",
                     *       "decidedBy": null,
                     *       "decidedReason": null,
                     *       "body": "{\"ddsource\":\"affidavit\",\"service\":\"affidavit\",\"ddtags\":\"env:test,retention:standard,connection:orders,late:true\",\"evt\":{\"id\":\"eac6fd79c95d5f04.7\",\"name\":\"session.opened\",\"category\":\"session\",\"time\":\"2…",
                     *       "attempts": [
                     *         {
                     *           "at": "2026-11-29T15:28:24.148662Z",
                     *           "kind": "invalid",
                     *           "reason": "400 Bad Request: a log of this request is refused on demand",
                     *           "status": 400,
                     *           "attempt": 1,
                     *           "elapsedMs": 5
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetterAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "deadLetters.discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "positions": [
                 *         "12"
                 *       ],
                 *       "reason": "a test event"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description All that are open at this destination.
                     * @constant
                     */
                    all?: true;
                    /** @description May be left out where there is only one. */
                    destination?: string;
                    /** @description Of the dead letters that are meant. */
                    positions?: string[];
                    /** @description Why this destination need not have them. */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "destination": "datadog",
                     *       "count": 1,
                     *       "skipped": []
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetterActAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "deadLetters.retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "positions": [
                 *         "13"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /**
                     * @description All that are open at this destination.
                     * @constant
                     */
                    all?: true;
                    /** @description May be left out where there is only one. */
                    destination?: string;
                    /** @description Of the dead letters that are meant. */
                    positions?: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "destination": "datadog",
                     *       "count": 1,
                     *       "skipped": []
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetterActAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delivery.status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "destinations": [
                     *         {
                     *           "destination": "datadog",
                     *           "kind": "datadog",
                     *           "state": "delivering",
                     *           "reason": null,
                     *           "since": "2026-11-29T15:28:22.241422Z",
                     *           "isHeld": false,
                     *           "announcedAt": "2026-11-29T15:28:22.241422Z",
                     *           "opensAt": null,
                     *           "deadLetters": 10,
                     *           "lanes": [
                     *             {
                     *               "lane": "live",
                     *               "position": "30",
                     *               "behind": "0",
                     *               "oldestUndeliveredAt": null,
                     *               "due": 0,
                     *               "sending": 0,
                     *               "paused": 0,
                     *               "doubt": 0,
                     *               "eventsPerSecond": 0.3,
                     *               "next": null
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delivery.batches": {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string;
                /** @example datadog */
                destination?: string;
                lane?: "live" | "catchup" | "replay" | "backfill";
                /** @example 1 */
                limit?: number;
                /** @description Of this replay or backfill. */
                plan?: string;
                /** @description Of batches that cover it. */
                position?: string;
                state?: "due" | "sending" | "accepted" | "observed" | "doubt" | "split" | "dead" | "paused" | "cancelled";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "batches": [
                     *         {
                     *           "id": "33",
                     *           "destination": "datadog",
                     *           "lane": "live",
                     *           "plan": null,
                     *           "parent": "20",
                     *           "from": "13",
                     *           "to": "14",
                     *           "count": 1,
                     *           "bytes": 817,
                     *           "state": "dead",
                     *           "attempt": 1,
                     *           "uncertain": 0,
                     *           "late": 0,
                     *           "purged": 0,
                     *           "mappingVersion": 2,
                     *           "filterVersion": 1,
                     *           "createdAt": "2026-11-29T15:28:23.984368Z",
                     *           "dueAt": "2026-11-29T15:28:24.003866Z",
                     *           "leaseUntil": null,
                     *           "settledAt": "2026-11-29T15:28:24.168199Z",
                     *           "answer": {
                     *             "kind": "invalid",
                     *             "reason": "400 Bad Request: a log of this request is refused on demand",
                     *             "status": 400
                     *           },
                     *           "attempts": [
                     *             {
                     *               "at": "2026-11-29T15:28:24.168199Z",
                     *               "kind": "invalid",
                     *               "reason": "400 Bad Request: a log of this request is refused on demand",
                     *               "status": 400,
                     *               "attempt": 1,
                     *               "elapsedMs": 19
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "next": "33"
                     *     }
                     */
                    "application/json": components["schemas"]["BatchListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delivery.sweep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": {
                    destination?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "destinations": [
                     *         {
                     *           "destination": "datadog",
                     *           "due": 0,
                     *           "later": 0,
                     *           "paused": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SweepAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "enrolment.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "enrolments": [
                     *         {
                     *           "node": "gw-2",
                     *           "createdBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:24.168000Z",
                     *           "expiresAt": "2026-11-29T16:28:24.168000Z",
                     *           "usedAt": "2026-11-29T15:28:24.184000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["EnrolmentListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "enrolment.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "node": "gw-2"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: uri
                     * @description Where that gateway reaches this API, if elsewhere.
                     */
                    api?: string;
                    /** @description 1 to 40 of a-z, 0-9 and -. */
                    node: string;
                    /** @default 60 */
                    validMinutes?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy04YThlMjAyNCIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNmYwZWFlMDMxOWVkYjY4ZDVmMjRkMWQxYjczZjIyMTIxODdjMmNhMzU1Yjk2ZGJlMDM0Y2Q2NmUyZDY4ZmQ3OCIs…",
                     *       "node": "gw-2",
                     *       "expiresAt": "2026-11-29T16:28:24.168000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EnrolmentAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "events.list": {
        parameters: {
            query?: {
                /**
                 * @description Events after this position, oldest first; -1 begins at the start.
                 * @example 1
                 */
                after?: "-1" | string;
                /** @description With `text`, as for sessions: waits until this position can be searched. */
                atLeast?: string;
                /** @description Events before this position (or `head`: the end of the log), newest first. */
                before?: "head" | string;
                connection?: string;
                /** @description Recorded at or after. */
                from?: string;
                identity?: string;
                /** @description Of the identity. */
                kind?: "agent" | "human" | "service";
                /**
                 * @description Default 100; of a stream: all.
                 * @example 1
                 */
                limit?: number;
                outcome?: string;
                /** @example s-0 */
                session?: string;
                /** @description Words that a command holds, all of them; the last may end with `*` (`drop table orders_20*`). */
                text?: string;
                /** @description Recorded before. */
                to?: string;
                /** @description One type or several, with commas. */
                type?: string;
                /** @description With `after`: only events before this position. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "position": "2",
                     *           "recordedAt": "2026-11-29T15:28:22.118828Z",
                     *           "class": "standard",
                     *           "event": {
                     *             "class": "standard",
                     *             "connection": {
                     *               "name": "orders",
                     *               "sensitivity": "normal",
                     *               "type": "postgres"
                     *             },
                     *             "data": {
                     *               "approval": "a1"
                     *             },
                     *             "epoch": "eac6fd79c95d5f04",
                     *             "id": "eac6fd79c95d5f04.2",
                     *             "identity": {
                     *               "id": "billing-agent",
                     *               "kind": "agent",
                     *               "name": "Name of billing-agent",
                     *               "verified": true
                     *             },
                     *             "node": "gw-1",
                     *             "seq": 2,
                     *             "session": "s-0",
                     *             "time": "2026-11-25T12:00:00.002000Z",
                     *             "type": "approval.requested",
                     *             "v": 1
                     *           }
                     *         }
                     *       ],
                     *       "next": "2",
                     *       "more": true,
                     *       "head": "30",
                     *       "purged": []
                     *     }
                     */
                    "application/json": components["schemas"]["EventListAnswer"];
                    "application/x-ndjson": string;
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "exports.list": {
        parameters: {
            query?: {
                /** @example 1 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exports": [
                     *         {
                     *           "id": "export-1qqsy4dfkr",
                     *           "kind": "events",
                     *           "format": "ndjson",
                     *           "selection": {
                     *             "session": "s-3"
                     *           },
                     *           "state": "finished",
                     *           "from": "0",
                     *           "to": "30",
                     *           "next": "30",
                     *           "count": 6,
                     *           "bytes": 3125,
                     *           "requestedBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:25.943658Z",
                     *           "finishedAt": "2026-11-29T15:28:25.999110Z",
                     *           "keepUntil": "2026-11-29T16:28:26.001594Z",
                     *           "error": null,
                     *           "file": {
                     *             "name": "export-1qqsy4dfkr.ndjson",
                     *             "bytes": 3125,
                     *             "sha256": "4363ec939f636e51c408b71dbdaaacdd67b8385e93ce381dd3d77d27a2094960"
                     *           },
                     *           "manifestSha256": "b1d92e73915713828be7b3cd96e6412d460827e1260b37e602a976f36392e05c"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ExportListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "exports.request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "format": "ndjson",
                 *       "session": "s-3"
                 *     }
                 */
                "application/json": {
                    connection?: string;
                    /**
                     * @description Also where the range is known not to be as it was recorded; the manifest then names what differs.
                     * @default false
                     */
                    force?: boolean;
                    /**
                     * @description `ndjson`: the recorded bytes, an event a line; `csv` and `json`: for people; `zip`: of evidence.
                     * @enum {string}
                     */
                    format: "ndjson" | "csv" | "json" | "zip";
                    /** @description The first position, or instant of recording. Default: the start of the log. */
                    from?: string;
                    identity?: string;
                    /**
                     * @description `evidence`: a bundle that proves itself without this API, see docs/evidence-format.md; its format is `zip`.
                     * @default events
                     * @enum {string}
                     */
                    kind?: "events" | "evidence";
                    session?: string;
                    /** @description The first position or instant that no longer belongs to it. Default: the end of the log, now. */
                    to?: string;
                    types?: ("session.opened" | "session.denied" | "session.closed" | "session.abandoned" | "command.issued" | "command.completed" | "command.chunk" | "approval.requested" | "approval.granted" | "approval.rejected" | "approval.expired" | "approval.bypassed" | "record.read" | "record.answered" | "record.exported" | "export.deleted" | "record.verified" | "record.differs" | "replay.planned" | "replay.started" | "replay.paused" | "replay.resumed" | "replay.cancelled" | "replay.finished" | "backfill.planned" | "backfill.started" | "backfill.paused" | "backfill.resumed" | "backfill.finished" | "catchup.finished" | "deadletter.opened" | "deadletter.retried" | "deadletter.discarded" | "reconciliation.requested" | "reconciliation.finished" | "hold.placed" | "hold.released" | "retention.changed" | "retention.proposed" | "retention.withdrawn" | "retention.planned" | "retention.purged" | "checkpoint.signed" | "checkpoint.rekeyed" | "checkpoint.contradicted" | "key.created" | "key.rotated" | "key.revoked" | "access.refused" | "enrolment.created" | "loss.declared" | "node.enrolled" | "producer.started" | "producer.alive" | "producer.stopped" | "producer.forked" | "producer.foreign" | "producer.lost" | "log.restored" | "quarantined")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "export-1qqsy4dfkr",
                     *       "kind": "events",
                     *       "format": "ndjson",
                     *       "selection": {
                     *         "session": "s-3"
                     *       },
                     *       "state": "waiting",
                     *       "from": "0",
                     *       "to": "30",
                     *       "next": "0",
                     *       "count": 0,
                     *       "bytes": 0,
                     *       "requestedBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.943658Z",
                     *       "finishedAt": null,
                     *       "keepUntil": null,
                     *       "error": null,
                     *       "file": null,
                     *       "manifestSha256": null
                     *     }
                     */
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "exports.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example export-1qqsy4dfkr */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "export-1qqsy4dfkr",
                     *       "kind": "events",
                     *       "format": "ndjson",
                     *       "selection": {
                     *         "session": "s-3"
                     *       },
                     *       "state": "finished",
                     *       "from": "0",
                     *       "to": "30",
                     *       "next": "30",
                     *       "count": 6,
                     *       "bytes": 3125,
                     *       "requestedBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.943658Z",
                     *       "finishedAt": "2026-11-29T15:28:25.999110Z",
                     *       "keepUntil": "2026-11-29T16:28:26.001594Z",
                     *       "error": null,
                     *       "file": {
                     *         "name": "export-1qqsy4dfkr.ndjson",
                     *         "bytes": 3125,
                     *         "sha256": "4363ec939f636e51c408b71dbdaaacdd67b8385e93ce381dd3d77d27a2094960"
                     *       },
                     *       "manifestSha256": "b1d92e73915713828be7b3cd96e6412d460827e1260b37e602a976f36392e05c",
                     *       "links": {
                     *         "events": "/v1/exports/export-1qqsy4dfkr/download?file=events&expires=1795967006&signature=___________________________________________",
                     *         "manifest": "/v1/exports/export-1qqsy4dfkr/download?file=manifest&expires=1795967006&signature=___________________________________________",
                     *         "expireAt": "2026-11-29T15:43:26.000000Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["WholeExportAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "exports.remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example export-1qqsy4dfkr */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "exports.download": {
        parameters: {
            query: {
                /** @example 1795967006 */
                expires: number;
                /** @example events */
                file: "events" | "manifest";
                /** @example ___________________________________________ */
                signature: string;
            };
            header?: never;
            path: {
                /** @example export-1qqsy4dfkr */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "holds.list": {
        parameters: {
            query?: {
                /**
                 * @description Also those that were released.
                 * @example true
                 */
                all?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "holds": [
                     *         {
                     *           "id": "hold-5aemgi09su",
                     *           "matter": "2026-17",
                     *           "reason": "asked for by counsel",
                     *           "selection": {
                     *             "session": "s-1"
                     *           },
                     *           "placedBy": "api-key:25858565",
                     *           "placedAt": "2026-11-29T15:28:24.291372Z",
                     *           "releasedBy": null,
                     *           "releasedAt": null,
                     *           "releaseReason": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["HoldListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "holds.place": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "session": "s-1",
                 *       "matter": "2026-17",
                 *       "reason": "asked for by counsel"
                 *     }
                 */
                "application/json": {
                    connection?: string;
                    /**
                     * Format: date-time
                     * @description What happened, or was recorded, at or after.
                     */
                    from?: string;
                    identity?: string;
                    /** @enum {string} */
                    kind?: "agent" | "human" | "service";
                    /** @description The number under which lawyers know it. */
                    matter: string;
                    outcome?: string;
                    reason: string;
                    session?: string;
                    /**
                     * Format: date-time
                     * @description And before.
                     */
                    to?: string;
                    types?: ("session.opened" | "session.denied" | "session.closed" | "session.abandoned" | "command.issued" | "command.completed" | "command.chunk" | "approval.requested" | "approval.granted" | "approval.rejected" | "approval.expired" | "approval.bypassed" | "record.read" | "record.answered" | "record.exported" | "export.deleted" | "record.verified" | "record.differs" | "replay.planned" | "replay.started" | "replay.paused" | "replay.resumed" | "replay.cancelled" | "replay.finished" | "backfill.planned" | "backfill.started" | "backfill.paused" | "backfill.resumed" | "backfill.finished" | "catchup.finished" | "deadletter.opened" | "deadletter.retried" | "deadletter.discarded" | "reconciliation.requested" | "reconciliation.finished" | "hold.placed" | "hold.released" | "retention.changed" | "retention.proposed" | "retention.withdrawn" | "retention.planned" | "retention.purged" | "checkpoint.signed" | "checkpoint.rekeyed" | "checkpoint.contradicted" | "key.created" | "key.rotated" | "key.revoked" | "access.refused" | "enrolment.created" | "loss.declared" | "node.enrolled" | "producer.started" | "producer.alive" | "producer.stopped" | "producer.forked" | "producer.foreign" | "producer.lost" | "log.restored" | "quarantined")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "hold-5aemgi09su",
                     *       "matter": "2026-17",
                     *       "reason": "asked for by counsel",
                     *       "selection": {
                     *         "session": "s-1"
                     *       },
                     *       "placedBy": "api-key:25858565",
                     *       "placedAt": "2026-11-29T15:28:24.291372Z",
                     *       "releasedBy": null,
                     *       "releasedAt": null,
                     *       "releaseReason": null
                     *     }
                     */
                    "application/json": components["schemas"]["HoldAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "holds.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example hold-5aemgi09su */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "hold-5aemgi09su",
                     *       "matter": "2026-17",
                     *       "reason": "asked for by counsel",
                     *       "selection": {
                     *         "session": "s-1"
                     *       },
                     *       "placedBy": "api-key:25858565",
                     *       "placedAt": "2026-11-29T15:28:24.291372Z",
                     *       "releasedBy": null,
                     *       "releasedAt": null,
                     *       "releaseReason": null
                     *     }
                     */
                    "application/json": components["schemas"]["HoldAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "holds.release": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example hold-5aemgi09su */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "the matter is closed"
                 *     }
                 */
                "application/json": {
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "hold-5aemgi09su",
                     *       "matter": "2026-17",
                     *       "reason": "asked for by counsel",
                     *       "selection": {
                     *         "session": "s-1"
                     *       },
                     *       "placedBy": "api-key:25858565",
                     *       "placedAt": "2026-11-29T15:28:24.291372Z",
                     *       "releasedBy": "api-key:25858565",
                     *       "releasedAt": "2026-11-29T15:28:24.315461Z",
                     *       "releaseReason": "the matter is closed"
                     *     }
                     */
                    "application/json": components["schemas"]["HoldAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "facets.identities": {
        parameters: {
            query?: {
                /** @description That had a session on it. */
                connection?: string;
                /** @description `next` of the page before, with the same filters. */
                cursor?: string;
                /** @description Of sessions opened at or after. */
                from?: string;
                /**
                 * @description Of the identity.
                 * @example agent
                 */
                kind?: "agent" | "human" | "service";
                limit?: number;
                /** @description Of sessions opened before. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identities": [
                     *         {
                     *           "id": "billing-agent",
                     *           "kind": "agent",
                     *           "name": "Name of billing-agent",
                     *           "email": null,
                     *           "onBehalfOf": null,
                     *           "lastSessionAt": "2026-11-25T12:00:00.001000Z",
                     *           "lastSession": "s-3",
                     *           "firstSessionAt": "2026-11-25T12:00:00.001000Z"
                     *         }
                     *       ],
                     *       "next": null,
                     *       "horizon": "29"
                     *     }
                     */
                    "application/json": components["schemas"]["IdentityListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
                     *           "prefix": "5e74f413",
                     *           "role": "auditor",
                     *           "label": "audit of the year",
                     *           "createdBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:24.235000Z",
                     *           "expiresAt": null,
                     *           "revokedAt": null,
                     *           "lastUsedAt": null,
                     *           "rotatedAt": "2026-11-29T15:28:24.244000Z",
                     *           "previousUntil": "2026-11-29T16:28:24.244000Z",
                     *           "limits": {
                     *             "from": "2026-01-01T00:00:00.000000Z",
                     *             "connections": [
                     *               "orders"
                     *             ]
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeyListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "auditor",
                 *       "label": "audit of the year",
                 *       "limits": {
                 *         "from": "2026-01-01T00:00:00Z",
                 *         "connections": [
                 *           "orders"
                 *         ]
                 *       }
                 *     }
                 */
                "application/json": {
                    /** Format: date-time */
                    expiresAt?: string;
                    label?: string;
                    /** @description Of an auditor: nothing beyond them is shown, nor that it is there. */
                    limits?: {
                        /** @description On one of these. */
                        connections?: string[];
                        /**
                         * Format: date-time
                         * @description Events recorded, sessions opened at or after.
                         */
                        from?: string;
                        /**
                         * Format: date-time
                         * @description And before.
                         */
                        to?: string;
                    };
                    /** @enum {string} */
                    role: "viewer" | "auditor" | "operator" | "admin";
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "prefix": "5e74f413",
                     *       "key": "afd_5e74f413_………",
                     *       "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
                     *       "role": "auditor"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKeyAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example b5cb23dd-6433-4e34-aa9b-10611d4d4812 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example b5cb23dd-6433-4e34-aa9b-10611d4d4812 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "overlapMinutes": 60
                 *     }
                 */
                "application/json": {
                    /**
                     * @description For how long the secret that is replaced still opens; 0 where somebody else may have it.
                     * @default 1440
                     */
                    overlapMinutes?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "prefix": "5e74f413",
                     *       "key": "afd_5e74f413_………",
                     *       "id": "b5cb23dd-6433-4e34-aa9b-10611d4d4812",
                     *       "role": "auditor"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKeyAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "enrolment.log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "log": "log-8a8e2024",
                     *       "generation": 1,
                     *       "origin": "affidavit/log-8a8e2024/1",
                     *       "keys": [
                     *         "affidavit/log-8a8e2024/1+203f2f0a+AeGF89uzTXGlMqhs0ValoAI82x9QOYt9bKV7yDk64r4g"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LogAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "enrolment.enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "eyJhcGkiOiJodHRwOi8vYXBpLnRlc3Q6ODQ3MCIsImxvZyI6ImxvZy04YThlMjAyNCIsIm5vZGUiOiJndy0yIiwibWFya0ZpbmdlcnByaW50IjoiNmYwZWFlMDMxOWVkYjY4ZDVmMjRkMWQxYjczZjIyMTIxODdjMmNhMzU1Yjk2ZGJlMDM0Y2Q2NmUyZDY4ZmQ3OCIs…",
                 *       "publicKey": "MCowBQYDK2VwAyEAhLcY1KAfytAlkv9gCf47CVu+fiZ7/P6ydd51Pkf78Mc="
                 *     }
                 */
                "application/json": {
                    /** @description The node's Ed25519 public key: SPKI, DER in base64, or PEM. */
                    publicKey: string;
                    /** @description The one-time token of `POST /v1/enrolments`. */
                    token: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "node": "gw-2",
                     *       "log": "log-8a8e2024",
                     *       "keyId": "0cc1f03a67188210",
                     *       "markPublicKey": "MCowBQYDK2VwAyEA+By6BxZXPoCC3x1HNektA6eGl4JDVJQjeoU3fqnzdLI="
                     *     }
                     */
                    "application/json": components["schemas"]["NodeAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "producers.list": {
        parameters: {
            query?: {
                limit?: number;
                /** @example gw-1 */
                node?: string;
                state?: "open" | "closed" | "forked" | "lost";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "producers": [
                     *         {
                     *           "node": "gw-1",
                     *           "epoch": "eac6fd79c95d5f04",
                     *           "state": "open",
                     *           "seq": 24,
                     *           "previous": null,
                     *           "openedAt": "2026-11-29T15:28:22.118578Z",
                     *           "updatedAt": "2026-11-29T15:28:22.171582Z",
                     *           "nodeRevokedAt": null,
                     *           "last": {
                     *             "position": "29",
                     *             "recordedAt": "2026-11-29T15:28:22.171582Z",
                     *             "occurredAt": "2026-11-25T12:00:00.006000Z",
                     *             "lagMs": 358102166
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProducerListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "producers.declareLost": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example eac6fd79c95d5f04 */
                epoch: string;
                /** @example gw-1 */
                node: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "to": 25,
                 *       "reason": "its disk is gone"
                 *     }
                 */
                "application/json": {
                    reason?: string;
                    /** @description The last number that will never come. */
                    to: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "node": "gw-1",
                     *       "epoch": "eac6fd79c95d5f04",
                     *       "to": 25
                     *     }
                     */
                    "application/json": components["schemas"]["DeclareLostAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "receipts.one": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example eac6fd79c95d5f04.1 */
                eventId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "event": "eac6fd79c95d5f04.1",
                     *       "node": "gw-1",
                     *       "epoch": "eac6fd79c95d5f04",
                     *       "seq": 1,
                     *       "recorded": {
                     *         "position": "1",
                     *         "at": "2026-11-29T15:28:22.118828Z",
                     *         "run": {
                     *           "first": "1",
                     *           "last": "6"
                     *         }
                     *       },
                     *       "proof": {
                     *         "leaf": "AQAGYWvxi6GsCHN0YW5kYXJk6sb9ecldXwQAAAAAAAAAAfkBbSzuyrztRKwVP71jqJgMxyCqMXGxV8KMVbHN943E",
                     *         "size": "30",
                     *         "path": [
                     *           "PvuJvqof+0UEjLG3J30HTEe87i1XHKzqbp3SzxPQtic="
                     *         ],
                     *         "checkpoint": "affidavit/log-8a8e2024/1\n30\n10JBsGD5NW6Xo7+rgNxhYiKX0Xjmds1esbY3z99rVss=\n\n— affidavit/log-8a8e2024/1 ID8vCpT3SXYBmvbiSvAKo/CWPQjRMLHka9wqwg1geLCPB9EKYJarb845fPDJEbMTRtKoneV1Cxd4s+ANmpPVf+KiigI=\n"
                     *       },
                     *       "type": "session.opened",
                     *       "occurredAt": "2026-11-25T12:00:00.001000Z",
                     *       "destinations": [
                     *         {
                     *           "destination": "datadog",
                     *           "state": "accepted",
                     *           "batches": [
                     *             {
                     *               "batch": "1",
                     *               "parent": null,
                     *               "lane": "live",
                     *               "plan": null,
                     *               "state": "split",
                     *               "count": 30,
                     *               "isResend": false,
                     *               "cutAt": "2026-11-29T15:28:22.406112Z",
                     *               "attempts": [
                     *                 {
                     *                   "at": "2026-11-29T15:28:23.265555Z",
                     *                   "kind": "invalid",
                     *                   "reason": "400 Bad Request: a log of this request is refused on demand",
                     *                   "status": 400,
                     *                   "attempt": 1,
                     *                   "elapsedMs": 181
                     *                 }
                     *               ],
                     *               "settledAt": "2026-11-29T15:28:23.265555Z",
                     *               "observedAt": null,
                     *               "lookedAt": null,
                     *               "seen": null
                     *             }
                     *           ],
                     *           "logs": [],
                     *           "deadLetter": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReceiptAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "reconciliations.list": {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "reconciliations": [
                     *         {
                     *           "id": "reconciliation-2rbaf7127g",
                     *           "destination": "datadog",
                     *           "from": "0",
                     *           "to": "30",
                     *           "next": "0",
                     *           "sendsMissing": false,
                     *           "state": "waiting",
                     *           "waitsFor": null,
                     *           "batches": "0",
                     *           "checked": "0",
                     *           "compared": "0",
                     *           "missing": "0",
                     *           "resent": "0",
                     *           "duplicated": "0",
                     *           "truncated": "0",
                     *           "altered": "0",
                     *           "createdBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:25.771123Z",
                     *           "finishedAt": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReconciliationListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "reconciliations.request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "destination": "datadog",
                 *       "from": "0"
                 *     }
                 */
                "application/json": {
                    /** @description Default: the only one that can be read back. */
                    destination?: string;
                    /** @description Default: a day ago. */
                    from?: string;
                    /**
                     * @description Send once more what is lost and was never sent again.
                     * @default false
                     */
                    sendMissing?: boolean;
                    /** @description Exclusive. Default: the end of the log. */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "reconciliation-2rbaf7127g",
                     *       "destination": "datadog",
                     *       "from": "0",
                     *       "to": "30",
                     *       "next": "0",
                     *       "sendsMissing": false,
                     *       "state": "waiting",
                     *       "waitsFor": null,
                     *       "batches": "0",
                     *       "checked": "0",
                     *       "compared": "0",
                     *       "missing": "0",
                     *       "resent": "0",
                     *       "duplicated": "0",
                     *       "truncated": "0",
                     *       "altered": "0",
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:25.771123Z",
                     *       "finishedAt": null
                     *     }
                     */
                    "application/json": components["schemas"]["ReconciliationAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "reconciliations.one": {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @example reconciliation-2rbaf7127g */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "reconciliation": {
                     *         "id": "reconciliation-2rbaf7127g",
                     *         "destination": "datadog",
                     *         "from": "0",
                     *         "to": "30",
                     *         "next": "0",
                     *         "sendsMissing": false,
                     *         "state": "waiting",
                     *         "waitsFor": null,
                     *         "batches": "0",
                     *         "checked": "0",
                     *         "compared": "0",
                     *         "missing": "0",
                     *         "resent": "0",
                     *         "duplicated": "0",
                     *         "truncated": "0",
                     *         "altered": "0",
                     *         "createdBy": "api-key:25858565",
                     *         "createdAt": "2026-11-29T15:28:25.771123Z",
                     *         "finishedAt": null
                     *       },
                     *       "findings": []
                     *     }
                     */
                    "application/json": components["schemas"]["ReconciliationResultAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.list": {
        parameters: {
            query?: {
                destination?: string;
                limit?: number;
                state?: "planning" | "planned" | "running" | "paused" | "finished" | "cancelled" | "failed";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "replays": [
                     *         {
                     *           "id": "replay-o25itd1sq6",
                     *           "destination": "datadog",
                     *           "state": "cancelled",
                     *           "reason": "cancelled by api-key:25858565",
                     *           "asked": {
                     *             "query": "session:s-3"
                     *           },
                     *           "selection": {
                     *             "sessions": [
                     *               "s-3"
                     *             ]
                     *           },
                     *           "missingOnly": false,
                     *           "filterVersion": 1,
                     *           "mappingVersion": 2,
                     *           "count": 6,
                     *           "bytes": 5832,
                     *           "late": 6,
                     *           "observed": 0,
                     *           "createdBy": "api-key:25858565",
                     *           "createdAt": "2026-11-29T15:28:24.558896Z",
                     *           "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *           "startedAt": "2026-11-29T15:28:25.641987Z",
                     *           "finishedAt": null,
                     *           "report": null,
                     *           "from": "24",
                     *           "to": "30",
                     *           "plannedTo": "30"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReplayListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "query": "session:s-3"
                 *     }
                 */
                "application/json": {
                    /** @description May be left out where there is only one. */
                    destination?: string;
                    /** @description The first position, or instant of recording. Default: the start of the log. */
                    from?: string;
                    /** @description Leave out what is accepted, observed or on its way. */
                    missingOnly?: boolean;
                    /** @description Terms that must all hold: `type:… connection:… identity:… session:…`; several values with commas. */
                    query?: string;
                    session?: string;
                    /** @description The first position or instant that no longer belongs to it. Default: the end of the log. */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "planning",
                     *       "reason": null,
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 0,
                     *       "count": 0,
                     *       "bytes": 0,
                     *       "late": 0,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": null,
                     *       "startedAt": null,
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "24"
                     *     }
                     */
                    "application/json": components["schemas"]["ReplayAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "planned",
                     *       "reason": null,
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 2,
                     *       "count": 6,
                     *       "bytes": 5832,
                     *       "late": 6,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *       "startedAt": null,
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "30",
                     *       "progress": {
                     *         "sent": 0,
                     *         "open": 0,
                     *         "dead": 0
                     *       },
                     *       "stale": [],
                     *       "purges": [],
                     *       "hindrance": null
                     *     }
                     */
                    "application/json": components["schemas"]["WholeReplayAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.blocks": {
        parameters: {
            query?: {
                /** @description Events after this position, oldest first; -1 begins at the start. */
                after?: "-1" | string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "blocks": [
                     *         {
                     *           "from": "24",
                     *           "to": "30",
                     *           "count": 6,
                     *           "bytes": 5832,
                     *           "late": 6,
                     *           "observed": 0,
                     *           "digest": "18b0eb2a4d582c30d72ea33f81d2727dbb962655081828db0434e0418c7d0d8c",
                     *           "outcome": null
                     *         }
                     *       ],
                     *       "next": null
                     *     }
                     */
                    "application/json": components["schemas"]["BlockListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "cancelled",
                     *       "reason": "cancelled by api-key:25858565",
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 2,
                     *       "count": 6,
                     *       "bytes": 5832,
                     *       "late": 6,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *       "startedAt": "2026-11-29T15:28:25.641987Z",
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "30",
                     *       "progress": {
                     *         "sent": 0,
                     *         "open": 0,
                     *         "dead": 0
                     *       },
                     *       "stale": [],
                     *       "purges": [],
                     *       "hindrance": null
                     *     }
                     */
                    "application/json": components["schemas"]["WholeReplayAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "paused",
                     *       "reason": null,
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 2,
                     *       "count": 6,
                     *       "bytes": 5832,
                     *       "late": 6,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *       "startedAt": "2026-11-29T15:28:25.641987Z",
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "30",
                     *       "progress": {
                     *         "sent": 0,
                     *         "open": 0,
                     *         "dead": 0
                     *       },
                     *       "stale": [],
                     *       "purges": [],
                     *       "hindrance": null
                     *     }
                     */
                    "application/json": components["schemas"]["WholeReplayAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "running",
                     *       "reason": null,
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 2,
                     *       "count": 6,
                     *       "bytes": 5832,
                     *       "late": 6,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *       "startedAt": "2026-11-29T15:28:25.641987Z",
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "30",
                     *       "progress": {
                     *         "sent": 0,
                     *         "open": 0,
                     *         "dead": 0
                     *       },
                     *       "stale": [],
                     *       "purges": [],
                     *       "hindrance": "datadog is paused in affidavit.yaml"
                     *     }
                     */
                    "application/json": components["schemas"]["WholeReplayAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "replays.start": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example replay-o25itd1sq6 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "replay-o25itd1sq6",
                     *       "destination": "datadog",
                     *       "state": "running",
                     *       "reason": null,
                     *       "asked": {
                     *         "query": "session:s-3"
                     *       },
                     *       "selection": {
                     *         "sessions": [
                     *           "s-3"
                     *         ]
                     *       },
                     *       "missingOnly": false,
                     *       "filterVersion": 1,
                     *       "mappingVersion": 2,
                     *       "count": 6,
                     *       "bytes": 5832,
                     *       "late": 6,
                     *       "observed": 0,
                     *       "createdBy": "api-key:25858565",
                     *       "createdAt": "2026-11-29T15:28:24.558896Z",
                     *       "plannedAt": "2026-11-29T15:28:25.582347Z",
                     *       "startedAt": "2026-11-29T15:28:25.641987Z",
                     *       "finishedAt": null,
                     *       "report": null,
                     *       "from": "24",
                     *       "to": "30",
                     *       "plannedTo": "30",
                     *       "progress": {
                     *         "sent": 0,
                     *         "open": 0,
                     *         "dead": 0
                     *       },
                     *       "stale": [],
                     *       "purges": [],
                     *       "hindrance": "datadog is paused in affidavit.yaml"
                     *     }
                     */
                    "application/json": components["schemas"]["WholeReplayAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "classes": [
                     *         {
                     *           "name": "standard",
                     *           "keepDays": 400,
                     *           "requirements": []
                     *         }
                     *       ],
                     *       "changes": [],
                     *       "purges": []
                     *     }
                     */
                    "application/json": components["schemas"]["RetentionAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "class": "standard",
                 *       "keep": "500d",
                 *       "reason": "the auditors ask for it"
                 *     }
                 */
                "application/json": {
                    class: string;
                    /** @description `400d`, `7y` or `forever`. */
                    keep: string;
                    reason: string;
                    /** @description Absent: as they are. */
                    requirements?: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "outcome": "changed",
                     *       "id": null
                     *     }
                     */
                    "application/json": components["schemas"]["ChangeAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A position in the log.
                 * @example 2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.confirm": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A position in the log.
                 * @example 1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "classes": [
                     *         {
                     *           "name": "standard",
                     *           "keepDays": 450,
                     *           "requirements": []
                     *         }
                     *       ],
                     *       "changes": [],
                     *       "purges": []
                     *     }
                     */
                    "application/json": components["schemas"]["RetentionAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.plan": {
        parameters: {
            query?: {
                /** @description As of when; default: now. */
                at?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "at": "2026-11-29T15:28:24.335245Z",
                     *       "partitions": [
                     *         {
                     *           "name": "event_standard_20261101",
                     *           "class": "standard",
                     *           "fromAt": "2026-11-01T00:00:00.000000Z",
                     *           "toAt": "2026-12-01T00:00:00.000000Z",
                     *           "dueAt": "2028-01-05T00:00:00.000000Z",
                     *           "holds": [],
                     *           "events": null,
                     *           "verdict": "kept",
                     *           "because": "class standard is kept so long"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PlanAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.runs": {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "runs": [
                     *         {
                     *           "id": "1",
                     *           "plannedAt": "2026-11-29T15:28:24.427371Z",
                     *           "planned": [],
                     *           "by": "api-key:25858565",
                     *           "begunAt": "2026-11-29T15:28:24.429301Z",
                     *           "finishedAt": null,
                     *           "report": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RunListAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "1",
                     *       "plannedAt": "2026-11-29T15:28:24.427371Z",
                     *       "planned": [],
                     *       "by": "api-key:25858565",
                     *       "begunAt": "2026-11-29T15:28:24.429301Z",
                     *       "finishedAt": null,
                     *       "report": null
                     *     }
                     */
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "retention.run": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A position in the log.
                 * @example 1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "1",
                     *       "plannedAt": "2026-11-29T15:28:24.427371Z",
                     *       "planned": [],
                     *       "by": "api-key:25858565",
                     *       "begunAt": "2026-11-29T15:28:24.429301Z",
                     *       "finishedAt": null,
                     *       "report": null
                     *     }
                     */
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.list": {
        parameters: {
            query?: {
                /** @description The weightiest state of its approvals. */
                approval?: "none" | "requested" | "granted" | "rejected" | "expired" | "bypassed";
                /** @description Wait (up to 5 s) until the answer takes this position into account; else 503 API_HORIZON_BEHIND. */
                atLeast?: string;
                connection?: string;
                /** @description `next` of the page before, with the same filters. */
                cursor?: string;
                /** @description Opened at or after. */
                from?: string;
                /** @example billing-agent */
                identity?: string;
                /** @description Of the identity. */
                kind?: "agent" | "human" | "service";
                /**
                 * @description Default 50; as text/csv: all.
                 * @example 2
                 */
                limit?: number;
                outcome?: string;
                state?: "open" | "closed" | "denied" | "abandoned";
                /** @description Words that a command holds, all of them; the last may end with `*` (`drop table orders_20*`). */
                text?: string;
                /** @description Opened before. */
                to?: string;
                /** @description Of the connection, such as `postgres`. */
                type?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sessions": [
                     *         {
                     *           "id": "s-3",
                     *           "node": "gw-1",
                     *           "epoch": "eac6fd79c95d5f04",
                     *           "class": "standard",
                     *           "state": "closed",
                     *           "identityId": "billing-agent",
                     *           "identityKind": "agent",
                     *           "identityName": "Name of billing-agent",
                     *           "identityEmail": null,
                     *           "onBehalfOf": null,
                     *           "identityVerified": true,
                     *           "connection": "orders",
                     *           "connectionType": "postgres",
                     *           "sensitivity": "normal",
                     *           "openedAt": "2026-11-25T12:00:00.001000Z",
                     *           "closedAt": "2026-11-25T12:00:00.006000Z",
                     *           "lastActivityAt": "2026-11-25T12:00:00.006000Z",
                     *           "outcome": "success",
                     *           "reason": "the client ended the session",
                     *           "commands": 1,
                     *           "failed": 0,
                     *           "rows": 1,
                     *           "bytesIn": 0,
                     *           "bytesOut": 0,
                     *           "approvalRequired": true,
                     *           "approvalState": "granted",
                     *           "client": {
                     *             "tls": true,
                     *             "port": 50000,
                     *             "address": "10.0.0.7",
                     *             "application": "psql"
                     *           },
                     *           "target": {
                     *             "host": "db-1",
                     *             "port": 5432,
                     *             "user": "app",
                     *             "database": "orders"
                     *           },
                     *           "claimed": null,
                     *           "context": [
                     *             "SELECT 1"
                     *           ],
                     *           "error": null
                     *         }
                     *       ],
                     *       "next": "WyJma2Yxb09HcSIsIjIwMjYtMTEtMjVUMTI6MDA6MDAuMDAxMDAwWiIsInMtMiJd",
                     *       "horizon": "29"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionListAnswer"];
                    "text/csv": string;
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.one": {
        parameters: {
            query?: {
                /** @description Events after this position, oldest first; -1 begins at the start. */
                after?: "-1" | string;
                /** @description Wait (up to 5 s) until the answer takes this position into account; else 503 API_HORIZON_BEHIND. */
                atLeast?: string;
                /** @example 1 */
                limit?: number;
            };
            header?: never;
            path: {
                /** @example s-3 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "position": "24",
                     *           "recordedAt": "2026-11-29T15:28:22.171582Z",
                     *           "class": "standard",
                     *           "event": {
                     *             "class": "standard",
                     *             "connection": {
                     *               "name": "orders",
                     *               "sensitivity": "normal",
                     *               "type": "postgres"
                     *             },
                     *             "data": {
                     *               "approval": {
                     *                 "required": false,
                     *                 "state": "none"
                     *               },
                     *               "client": {
                     *                 "address": "10.0.0.7",
                     *                 "application": "psql",
                     *                 "port": 50000,
                     *                 "tls": true
                     *               },
                     *               "target": {
                     *                 "database": "orders",
                     *                 "host": "db-1",
                     *                 "port": 5432,
                     *                 "user": "app"
                     *               }
                     *             },
                     *             "epoch": "eac6fd79c95d5f04",
                     *             "id": "eac6fd79c95d5f04.19",
                     *             "identity": {
                     *               "id": "billing-agent",
                     *               "kind": "agent",
                     *               "name": "Name of billing-agent",
                     *               "verified": true
                     *             },
                     *             "node": "gw-1",
                     *             "seq": 19,
                     *             "session": "s-3",
                     *             "time": "2026-11-25T12:00:00.001000Z",
                     *             "type": "session.opened",
                     *             "v": 1
                     *           }
                     *         }
                     *       ],
                     *       "session": {
                     *         "id": "s-3",
                     *         "node": "gw-1",
                     *         "epoch": "eac6fd79c95d5f04",
                     *         "class": "standard",
                     *         "state": "closed",
                     *         "identityId": "billing-agent",
                     *         "identityKind": "agent",
                     *         "identityName": "Name of billing-agent",
                     *         "identityEmail": null,
                     *         "onBehalfOf": null,
                     *         "identityVerified": true,
                     *         "connection": "orders",
                     *         "connectionType": "postgres",
                     *         "sensitivity": "normal",
                     *         "openedAt": "2026-11-25T12:00:00.001000Z",
                     *         "closedAt": "2026-11-25T12:00:00.006000Z",
                     *         "lastActivityAt": "2026-11-25T12:00:00.006000Z",
                     *         "outcome": "success",
                     *         "reason": "the client ended the session",
                     *         "commands": 1,
                     *         "failed": 0,
                     *         "rows": 1,
                     *         "bytesIn": 0,
                     *         "bytesOut": 0,
                     *         "approvalRequired": true,
                     *         "approvalState": "granted",
                     *         "client": {
                     *           "tls": true,
                     *           "port": 50000,
                     *           "address": "10.0.0.7",
                     *           "application": "psql"
                     *         },
                     *         "target": {
                     *           "host": "db-1",
                     *           "port": 5432,
                     *           "user": "app",
                     *           "database": "orders"
                     *         },
                     *         "claimed": null,
                     *         "context": [
                     *           "SELECT 1"
                     *         ],
                     *         "error": null
                     *       },
                     *       "holds": [],
                     *       "next": "24",
                     *       "more": true,
                     *       "horizon": "29"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "producers.status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    etag?: string;
                    /** @description Requests that the key may make at once. */
                    "ratelimit-limit"?: number;
                    /** @description Of them, those that are left. */
                    "ratelimit-remaining"?: number;
                    /** @description Seconds until all of them are there again. */
                    "ratelimit-reset"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "log": "log-8a8e2024",
                     *       "generation": 1,
                     *       "head": {
                     *         "size": "30",
                     *         "recordedAt": "2026-11-29T15:28:22.171582Z"
                     *       },
                     *       "recorder": {
                     *         "active": true,
                     *         "leaseUntil": "2026-11-29T15:38:22.174214Z"
                     *       },
                     *       "sessions": {
                     *         "horizon": "29",
                     *         "behind": "0",
                     *         "open": 0
                     *       },
                     *       "search": {
                     *         "horizon": "29",
                     *         "behind": "0"
                     *       },
                     *       "checkpoint": null,
                     *       "treeBehind": "0",
                     *       "verification": null,
                     *       "differences": 0,
                     *       "producers": {
                     *         "nodes": 1,
                     *         "open": 1,
                     *         "forked": 0,
                     *         "lost": 0
                     *       },
                     *       "outbox": {
                     *         "waiting": 6,
                     *         "oldestAt": "2026-11-29T15:28:22.925489Z"
                     *       },
                     *       "quarantined": 0,
                     *       "foreignEntries": 0,
                     *       "destinations": [
                     *         {
                     *           "destination": "datadog",
                     *           "state": "delivering",
                     *           "reason": null,
                     *           "since": "2026-11-29T15:28:22.241422Z",
                     *           "lanes": [
                     *             {
                     *               "lane": "live",
                     *               "position": "30",
                     *               "behind": "13"
                     *             }
                     *           ],
                     *           "batches": {
                     *             "due": 8,
                     *             "sending": 2
                     *           },
                     *           "oldestUndeliveredAt": "2026-11-29T15:28:22.155634Z",
                     *           "deadLetters": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["StatusAnswer"];
                };
            };
            /** @description What `If-None-Match` names is still the answer. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with code and remedy. With 429 and 503 `Retry-After` says when to ask again. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "urn:affidavit:error:RECORD_CURSOR_INVALID",
                     *       "title": "RECORD_CURSOR_INVALID",
                     *       "status": 400,
                     *       "detail": "the cursor is not one that this log gave out for these filters",
                     *       "code": "RECORD_CURSOR_INVALID",
                     *       "remedy": "Take the cursor from the answer before, unchanged and with the same filters, or begin without one."
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
