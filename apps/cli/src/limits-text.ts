/** To what a key is limited, in a line; nothing where it is not. */
export function limitsText(limits: { from?: string; to?: string; connections?: string[] } | null): string {
  if (!limits) return '';
  const { from, to, connections } = limits;
  const parts = [from && `from ${from.slice(0, 19)}`, to && `to ${to.slice(0, 19)}`, connections?.join(', ')];
  return parts.filter(Boolean).join(', ');
}
