import type { RecordedEventView } from './api-types.js';
import { colours, plain } from './output.js';
import { eventSentence } from './sentences.js';

/** Lines of one statement that are shown; the whole is in the JSON. */
const STATEMENT_LINES = 12;
const LINE_WIDTH = 160;

/**
 * A session as it went, an event after the other, by the gateway's clock: how long after the first, what, and what came of it. Text of
 * agents and databases is shown as text: it cannot colour, move or hide anything.
 */
export function timelineOf(events: readonly RecordedEventView[]): string {
  const begun = events.find(({ event }) => event !== undefined)?.event?.time;
  return events
    .map((one) => {
      const { event } = one;
      if (!event) return line(colours.dim(`position ${one.position}`), '?', 'bytes that could not be taken apart');
      return line(colours.dim(since(begun ?? event.time, event.time)), markOf(event), textOf(one));
    })
    .join('\n');
}

function line(when: string, mark: string, text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return [`${when}  ${mark} ${first}`, ...rest.map((more) => `${' '.repeat(12)}    ${more}`)].join('\n');
}

function markOf({ type, data }: NonNullable<RecordedEventView['event']>): string {
  if (type === 'approval.bypassed' || type === 'session.denied') return colours.red('!');
  if (type === 'command.issued') return colours.bold('▸');
  if (type === 'command.completed') return data.outcome === 'success' ? colours.green('✓') : colours.red('✗');
  return '·';
}

function textOf(one: RecordedEventView): string {
  const { event } = one;
  const sentence = eventSentence(one);
  switch (event?.type) {
    case 'command.issued':
      return statementLines(sentence);
    case 'command.completed':
      return plain(sentence);
    default:
      return [plain(event?.type), plain(sentence)].filter((part) => part !== '').join(': ');
  }
}

function statementLines(statement: string): string {
  const lines = statement.split(/\r?\n/).map((each) => {
    const text = plain(each);
    return text.length > LINE_WIDTH ? `${text.slice(0, LINE_WIDTH - 1)}…` : text;
  });
  if (lines.length <= STATEMENT_LINES) return lines.join('\n');
  const left = lines.length - STATEMENT_LINES;
  return [...lines.slice(0, STATEMENT_LINES), colours.dim(`… ${left} more lines`)].join('\n');
}

/** `+1.204 s`, in twelve columns. */
function since(begun: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(begun);
  const text = ms < 0 ? `−${(-ms / 1000).toFixed(3)} s` : `+${(ms / 1000).toFixed(3)} s`;
  return text.padStart(12);
}
