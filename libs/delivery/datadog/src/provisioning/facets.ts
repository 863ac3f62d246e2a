/** A facet or measure that somebody makes by hand: Datadog has no API for it. */
export interface Facet {
  path: string;
  kind: 'facet' | 'measure';
  /** Of a measure. */
  unit?: string;
  /** What is better with it. Searches, monitors and most of the dashboard do without. */
  purpose: string;
}

export const FACETS: readonly Facet[] = [
  { path: '@usr.id', kind: 'facet', purpose: 'identities in the side bar of the explorer' },
  { path: '@connection.name', kind: 'facet', purpose: 'connections in the side bar' },
  { path: '@evt.name', kind: 'facet', purpose: 'kinds of events in the side bar' },
  { path: '@evt.outcome', kind: 'facet', purpose: 'outcomes in the side bar' },
  { path: '@session.id', kind: 'facet', purpose: 'all logs of one session at a click' },
  {
    path: '@delivery.lag_s',
    kind: 'measure',
    unit: 'second',
    purpose: 'the curve of the delivery lag on the dashboard',
  },
  { path: '@duration', kind: 'measure', unit: 'nanosecond', purpose: 'slow commands: @duration:>1s' },
];
