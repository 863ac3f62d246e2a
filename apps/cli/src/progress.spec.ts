import { ProgressBar, type Screen } from './progress.js';

function drawn(isTTY: boolean, columns = 80): Screen & { text: string } {
  return {
    isTTY,
    columns,
    text: '',
    write(text: string) {
      this.text += text;
    },
  };
}

describe('a progress bar', () => {
  it('is drawn again in one line of a terminal, and wiped at the end', () => {
    const screen = drawn(true);
    const bar = new ProgressBar('sending', screen);
    bar.show(0, 2000);
    bar.show(1000, 2000);
    bar.show(1000, 2000);
    bar.end();
    const lines = screen.text.split('\r\u001b[2K');
    expect(lines).toEqual([
      '',
      `sending  ${'░'.repeat(30)}  0 %  0 of 2,000`,
      `sending  ${'█'.repeat(15)}${'░'.repeat(15)}  50 %  1,000 of 2,000`,
      '',
    ]);
  });

  it('never wraps', () => {
    const screen = drawn(true, 40);
    new ProgressBar('sending', screen).show(1, 2, 'datadog is paused: 403 and a long reason that does not fit');
    expect(screen.text.slice('\r\u001b[2K'.length)).toHaveLength(39);
  });

  it('is a line at each tenth, or where there is something new to say, elsewhere', () => {
    const screen = drawn(false);
    const bar = new ProgressBar('planning', screen);
    for (let done = 0; done <= 1000; done++) bar.show(done, 1000, done < 5 ? 'no forwarder' : '');
    bar.end();
    const lines = screen.text.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'planning  0 %  0 of 1,000  no forwarder',
      'planning  0 %  5 of 1,000',
      'planning  10 %  100 of 1,000',
    ]);
    expect(lines).toHaveLength(12);
  });

  it('of nothing is done', () => {
    const screen = drawn(false);
    new ProgressBar('planning', screen).show(0, 0);
    expect(screen.text).toBe('planning  100 %  0 of 0\n');
  });
});
