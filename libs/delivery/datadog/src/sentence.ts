import type { AuditEvent } from '#events';
import { oneLine } from './text.js';

const LONGEST_QUOTE = 200;

/**
 * One sentence for people. It begins with a word of ours, never with `{` or `[`: Datadog would take a message that is JSON for
 * attributes, and let them overwrite ours. What a stranger wrote is on one line and bounded.
 */
export function sentence(event: AuditEvent): string {
  const who = quoted(event.identity?.id ?? 'nobody known');
  const on = event.connection ? ` on ${quoted(event.connection.name)}` : '';
  switch (event.type) {
    case 'session.opened':
      return `Session opened by ${who}${on}`;
    case 'session.denied':
      return `Session denied to ${quoted(event.identity?.id ?? event.data.claimedUser ?? 'nobody known')}${on}: ${quoted(event.data.error.message)}`;
    case 'session.closed': {
      const { commands, failed, outcome, durationUs } = event.data;
      const failures = failed > 0 ? `, ${failed} failed` : '';
      return `Session of ${who}${on} ended in ${quoted(outcome)} after ${(durationUs / 1e6).toFixed(1)} s: ${plural(commands, 'command')}${failures}`;
    }
    case 'session.abandoned':
      return `Session of ${who}${on} was abandoned: ${quoted(event.data.reason)}`;
    case 'command.issued': {
      const { statement, kind } = event.data;
      return `Command issued by ${who}${on}: ${statement?.text === undefined ? quoted(kind) : quoted(statement.text)}`;
    }
    case 'command.completed': {
      const { outcome, durationUs, error, rows } = event.data;
      const why = error ? `: ${quoted(error.sqlstate)} ${quoted(error.message)}` : `, ${plural(rows, 'row')}`;
      return `Command of ${who}${on} ended in ${quoted(outcome)} after ${(durationUs / 1e3).toFixed(1)} ms${why}`;
    }
    case 'command.chunk':
      return `Command of ${who}${on} sent part ${event.data.index} of its ${quoted(event.data.part)}, ${event.data.bytes} bytes`;
    case 'approval.requested':
    case 'approval.expired':
      return `Approval ${quoted(event.data.approval)} ${event.type.slice(9)} for ${who}${on}`;
    case 'approval.granted':
    case 'approval.rejected':
      return `Approval ${quoted(event.data.approval)} ${event.type.slice(9)} by ${quoted(event.data.by)} for ${who}${on}`;
    case 'approval.bypassed':
      return `Approval bypassed by ${quoted(event.data.by ?? event.identity?.id ?? 'nobody known')}${on}: ${quoted(event.data.reason)}`;
    case 'producer.lost':
      return `Events ${event.data.from} to ${event.data.to} of ${quoted(event.data.node)}, run ${quoted(event.data.epoch)}, are lost: named by a ${quoted(event.data.by)}`;
    case 'producer.forked':
      return `Run ${quoted(event.data.epoch)} of ${quoted(event.data.node)} forked at number ${event.data.seq}`;
    case 'producer.started':
      return `Producer ${event.node} started, run ${event.epoch}`;
    case 'producer.alive':
      return `Producer ${event.node} is there, run ${event.epoch}`;
    case 'producer.foreign':
      return `Foreign entries in the stream of ${quoted(event.data.node)}: ${quoted(event.data.reason)}`;
    case 'deadletter.opened':
      return `Dead letter: ${quoted(event.data.destination)} refuses event ${quoted(event.data.event)} for good: ${quoted(event.data.reason)}`;
    case 'checkpoint.signed':
      return `Checkpoint over the first ${plural(Number(event.data.size), 'event')}, root ${event.data.root.slice(0, 16)}`;
    case 'checkpoint.contradicted':
      return `The first ${plural(Number(event.data.size), 'event')} are not what was signed: ${quoted(event.data.source)} has another root`;
    case 'record.verified':
      return `All ${plural(Number(event.data.size), 'event')} read again: ${plural(event.data.differences, 'difference')}`;
    case 'record.differs':
      return `Position ${quoted(event.data.position)} is not as it was recorded: ${quoted(event.data.message)}`;
    case 'log.restored':
      return `The log went back from ${quoted(event.data.from)} to ${quoted(event.data.to)} events, and goes on as generation ${event.data.generation}`;
    case 'producer.stopped':
      return `Producer ${event.node} stopped: ${quoted(event.data.reason)}`;
    default:
      return general(event);
  }
}

/** `hold.placed` with by and reason → `Hold placed by carol: litigation`. */
function general(event: AuditEvent): string {
  const words = event.type.replace('.', ' ');
  const { by, reason } = event.data as { by?: unknown; reason?: unknown };
  const actor = typeof by === 'string' ? by : event.identity?.id;
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}${actor === undefined ? '' : ` by ${quoted(actor)}`}${
    typeof reason === 'string' ? `: ${quoted(reason)}` : ''
  }`;
}

function quoted(text: string): string {
  return oneLine(text, LONGEST_QUOTE);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
