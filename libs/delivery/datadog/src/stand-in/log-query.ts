import { DeliveryError } from '../../../src/errors.js';
import type { ArrivedLog } from './arrived-log.js';

// The part of Datadog's log search that we use: `@path:value`, `tag:value`, `source: service: status: host:`, free text, quotes,
// `*` and `?`, AND (also unwritten), OR, NOT, `-`, and parentheses. Free text searches the message only, attributes are case
// sensitive, and numbers cannot be compared: at Datadog that needs a facet that nobody made.

export type LogMatcher = (log: ArrivedLog) => boolean;

/**
 * Reads a query.
 * @param options `numbers`: `@path:>=5` compares, as it does in pipelines, for which no facet is needed
 * @throws DELIVERY_QUERY_INVALID
 */
export function parseQuery(text: string, options: { numbers?: boolean } = {}): LogMatcher {
  const tokens = tokenize(text);
  if (tokens.length === 0 || text.trim() === '*') return () => true;
  const parser = new Parser(tokens, options.numbers === true);
  const matcher = parser.or();
  if (!parser.isDone) throw invalid(`unexpected ${parser.next()?.text ?? 'end'}`);
  return matcher;
}

interface Token {
  kind: 'open' | 'close' | 'word';
  text: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) at += 1;
    else if (character === '(' || character === ')') {
      tokens.push({ kind: character === '(' ? 'open' : 'close', text: character });
      at += 1;
    } else {
      const end = endOfWord(text, at);
      tokens.push({ kind: 'word', text: text.slice(at, end) });
      at = end;
    }
  }
  return tokens;
}

function endOfWord(text: string, from: number): number {
  let isQuoted = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[\s()]/.test(character)) return at;
  }
  if (isQuoted) throw invalid('a quote is not closed');
  return text.length;
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly numbers: boolean,
  ) {}

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  next(): Token | undefined {
    return this.tokens[this.at];
  }

  or(): LogMatcher {
    const parts = [this.and()];
    while (this.takeWord('OR')) parts.push(this.and());
    return (log) => parts.some((part) => part(log));
  }

  private and(): LogMatcher {
    const parts = [this.not()];
    for (;;) {
      const token = this.next();
      if (!token || token.kind === 'close' || token.text === 'OR') break;
      this.takeWord('AND');
      parts.push(this.not());
    }
    return (log) => parts.every((part) => part(log));
  }

  private not(): LogMatcher {
    if (this.takeWord('NOT') || this.takeWord('-')) {
      const inner = this.not();
      return (log) => !inner(log);
    }
    const token = this.next();
    if (token?.kind === 'word' && token.text.startsWith('-') && token.text.length > 1) {
      this.at += 1;
      const inner = this.term(token.text.slice(1));
      return (log) => !inner(log);
    }
    return this.primary();
  }

  private primary(): LogMatcher {
    const token = this.next();
    this.at += 1;
    if (!token || token.kind === 'close') throw invalid('a term is missing');
    if (token.kind === 'word') return this.term(token.text);
    const inner = this.or();
    this.close();
    return inner;
  }

  /** `word`, `key:value`, or `key:` before a list in parentheses. */
  private term(word: string): LogMatcher {
    const colon = colonOf(word);
    if (colon < 0) return messageMatcher(word);
    const key = word.slice(0, colon);
    const value = word.slice(colon + 1);
    if (value !== '') return (this.numbers ? numberMatcher(key, value) : undefined) ?? valueMatcher(key, value);
    if (this.next()?.kind !== 'open') throw invalid(`${key} has no value`);
    this.at += 1;
    const values: LogMatcher[] = [];
    for (let token = this.next(); token && token.kind === 'word'; token = this.next()) {
      this.at += 1;
      if (token.text !== 'OR') values.push(valueMatcher(key, token.text));
    }
    this.close();
    return (log) => values.some((one) => one(log));
  }

  private close(): void {
    if (this.next()?.kind !== 'close') throw invalid('a parenthesis is not closed');
    this.at += 1;
  }

  private takeWord(text: string): boolean {
    const token = this.next();
    if (token?.kind !== 'word' || token.text !== text) return false;
    this.at += 1;
    return true;
  }
}

function colonOf(word: string): number {
  for (let at = 0; at < word.length; at++) {
    if (word[at] === '\\') at += 1;
    else if (word[at] === '"') return -1;
    else if (word[at] === ':') return at;
  }
  return -1;
}

function valueMatcher(key: string, value: string): LogMatcher {
  if (/^[<>]/.test(value) || value.startsWith('[')) {
    throw invalid(`${key}:${value} compares numbers, which Datadog does only for a facet; ask for terms`);
  }
  const isTag = !key.startsWith('@');
  const pattern = patternOf(value, isTag);
  if (key === '*') return (log) => log.values().some((text) => pattern.test(text));
  return (log) => log.valuesOf(key).some((text) => pattern.test(text));
}

/** `@path:>=5`; undefined for anything else. */
function numberMatcher(key: string, value: string): LogMatcher | undefined {
  const found = /^([<>])(=?)(-?\d+(?:\.\d+)?)$/.exec(value);
  if (!found) return undefined;
  const sign = found[1] === '>' ? 1 : -1;
  const bound = Number(found[3]) * sign;
  return (log) =>
    log.valuesOf(key).some((text) => {
      const number = Number(text) * sign;
      return found[2] === '=' ? number >= bound : number > bound;
    });
}

function messageMatcher(word: string): LogMatcher {
  const text = unquoted(word).toLowerCase();
  if (word.startsWith('"')) return (log) => log.message.toLowerCase().includes(text);
  const pattern = new RegExp(`(^|[^\\p{L}\\p{N}_])${wildcards(text)}($|[^\\p{L}\\p{N}_])`, 'u');
  return (log) => pattern.test(log.message.toLowerCase());
}

function patternOf(value: string, ignoreCase: boolean): RegExp {
  const flags = ignoreCase ? 'isu' : 'su';
  // Within quotes `*` is a character.
  if (value.startsWith('"')) return new RegExp(`^${escaped(unquoted(value))}$`, flags);
  return new RegExp(`^${wildcards(value)}$`, flags);
}

function wildcards(value: string): string {
  let out = '';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] ?? '';
    if (character === '\\') {
      at += 1;
      out += escaped(value[at] ?? '');
    } else if (character === '*') out += '.*';
    else if (character === '?') out += '.';
    else out += escaped(character);
  }
  return out;
}

function unquoted(value: string): string {
  const inner = value.startsWith('"') ? value.slice(1, value.endsWith('"') ? -1 : undefined) : value;
  return inner.replace(/\\(.)/gs, '$1');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function invalid(what: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_QUERY_INVALID',
    message: `the query cannot be read: ${what}`,
    remedy: 'Use @attribute:value, tag:value, AND, OR, NOT and quotes around values with spaces.',
    retry: 'never',
  });
}
