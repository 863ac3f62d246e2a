/** Where an object differs from what it shall be. */
export interface Difference {
  /** `options.thresholds.critical`, `widgets[2].definition.title` */
  path: string;
  wanted: unknown;
  found: unknown;
}

/**
 * Compares what we define, and nothing else: Datadog adds ids, dates and defaults of its own. Absent and null are the same,
 * tags have no order, and the ends of texts do not count.
 */
export function differences(wanted: unknown, found: unknown, path = ''): Difference[] {
  if (wanted === undefined || wanted === null) return [];
  if (Array.isArray(wanted)) {
    const list = Array.isArray(found) ? found : [];
    if (path === 'tags' ? isSameSet(wanted, list) : wanted.length === list.length) {
      return path === 'tags' ? [] : wanted.flatMap((one, at) => differences(one, list[at], `${path}[${at}]`));
    }
    return [{ path, wanted, found: found ?? null }];
  }
  if (typeof wanted === 'object') {
    const inner = typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
    return Object.entries(wanted).flatMap(([name, value]) =>
      differences(value, inner[name], path === '' ? name : `${path}.${name}`),
    );
  }
  const isSame =
    typeof wanted === 'string' && typeof found === 'string' ? wanted.trim() === found.trim() : wanted === found;
  return isSame ? [] : [{ path, wanted, found: found ?? null }];
}

function isSameSet(wanted: readonly unknown[], found: readonly unknown[]): boolean {
  return wanted.length === found.length && wanted.every((one) => found.includes(one));
}
