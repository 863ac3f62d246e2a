import { execFile } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { testFolder } from './servers.js';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** What the command line asked. */
export interface Asked {
  /** Method, path and query. */
  what: string;
  /** Taken apart, where it is JSON; undefined where there was none. */
  body: unknown;
  headers: IncomingHttpHeaders;
}

/** Text goes out as it stands, everything else as JSON; `cut` ends the connection instead. */
type ScriptedAnswer = object | string;

/**
 * The built command line as a shell runs it, its output going into pipes, over an audit-log API that a test makes up: it has answers for
 * `METHOD /path?query`, or for the path without its query, given one after the other, the last again and again. Everything else is 404.
 */
export class CommandLine {
  asked: Asked[] = [];
  answers: Record<string, ScriptedAnswer[]> = {};
  folder = testFolder();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const what = `${request.method} ${request.url}`;
        const text = Buffer.concat(chunks).toString();
        this.asked.push({ what, body: text === '' ? undefined : JSON.parse(text), headers: request.headers });
        const left = this.answers[what] ?? this.answers[what.split('?')[0] ?? ''] ?? [];
        const answer = left.length > 1 ? left.shift() : left[0];
        if (answer === 'cut') return void request.socket.destroy();
        const refusal = { code: 'API_ROUTE_UNKNOWN', detail: 'nothing here', remedy: 'See /docs.' };
        response
          .writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
          .end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? refusal));
      });
    });
  }

  static async start(): Promise<CommandLine> {
    const made = new CommandLine();
    await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Before each test: nothing was asked, nothing is answered, and the folder is empty. */
  reset(): void {
    this.asked = [];
    this.answers = {};
    this.folder.remove();
    this.folder = testFolder();
  }

  run(args: string[], env: Record<string, string> = {}): Promise<Ran> {
    const options = {
      env: {
        PATH: process.env.PATH ?? '',
        AFFIDAVIT_API_URL: this.url,
        AFFIDAVIT_API_KEY: 'afk_test',
        AFFIDAVIT_CONFIG: join(this.folder.path, 'affidavit.yaml'),
        AFFIDAVIT_DATA: this.folder.path,
        ...env,
      },
    };
    return new Promise((resolve) => {
      execFile(process.execPath, ['bin/affidavit.mjs', ...args], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.folder.remove();
  }
}
