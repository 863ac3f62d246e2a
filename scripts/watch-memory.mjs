import { readFileSync } from 'node:fs';

/** Resident memory of a process, ten times a second, in MB: at a quarter of the time, at the end, and the most. */
export function watchMemory(pid) {
  const seen = [];
  const timer = setInterval(() => {
    try {
      seen.push(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
    } catch {
      // Gone, or no Linux.
    }
  }, 100);
  return {
    end() {
      clearInterval(timer);
      if (seen.length === 0) return undefined;
      const at = (share) => Math.round(seen[Math.min(seen.length - 1, Math.floor(seen.length * share))]);
      return { atQuarter: at(0.25), atEnd: at(1), most: Math.round(Math.max(...seen)) };
    },
  };
}
