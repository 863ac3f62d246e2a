import { Controller, Get, Injectable, type OnModuleDestroy, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Health } from '#platform';
import { excessRightsTrouble, readRecordStatus, unavailable } from '#record';
import { Operation } from './access.guard.js';
import { HealthAnswer, ReadyAnswer } from './answers.js';
import { ApiParts } from './parts.js';

@Injectable()
export class ApiHealth implements OnModuleDestroy {
  readonly startedAt = new Date().toISOString();
  private readonly health: Health;
  private readonly unwatch: () => void;

  constructor(private readonly parts: ApiParts) {
    const status = () => readRecordStatus(parts.pool).catch((cause) => Promise.reject(unavailable(cause)));
    this.health = new Health(() => [
      { name: 'postgres', hop: 'record → reader', check: () => status().then(() => undefined) },
      {
        name: 'recorder',
        hop: 'Redis → record',
        required: false,
        check: async () => {
          const { active, leaseUntil } = (await status()).recorder;
          if (active) return undefined;
          return {
            reason: 'no recorder is active',
            remedy: 'Start a recorder, or see why it cannot record: its log and its /readyz say so.',
            ...(leaseUntil === null ? {} : { sinceMs: Date.parse(leaseUntil) }),
          };
        },
      },
      {
        name: 'database role',
        hop: 'record → reader',
        required: false,
        check: () => excessRightsTrouble(parts.pool, 'api'),
      },
    ]);
    this.unwatch = this.health.watch(parts.metrics);
  }

  onModuleDestroy(): void {
    this.unwatch();
  }

  async ready(response: Response) {
    const report = await this.health.report();
    response.status(report.ready ? 200 : 503);
    return report;
  }

  metrics(response: Response): Promise<string> {
    response.type(this.parts.metrics.contentType);
    return this.parts.metrics.text();
  }
}

@Controller()
export class HealthController {
  constructor(private readonly health: ApiHealth) {}

  @Get('healthz')
  @Operation({ summary: 'This process is alive', role: 'public', answer: HealthAnswer })
  alive() {
    return { alive: true, startedAt: this.health.startedAt };
  }

  @Get('readyz')
  @Operation({ summary: 'What it needs is there; 503 if not', role: 'public', answer: ReadyAnswer })
  ready(@Res({ passthrough: true }) response: Response) {
    return this.health.ready(response);
  }

  @Get('metrics')
  @Operation({ summary: "Prometheus' text form", role: 'public' })
  metrics(@Res({ passthrough: true }) response: Response) {
    return this.health.metrics(response);
  }
}
