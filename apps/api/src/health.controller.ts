import { Controller, Get, Injectable, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Health } from '#platform';
import { readHead } from '#record';
import { Operation } from './access.guard.js';
import { HealthAnswer, ReadyAnswer } from './answers.js';
import { ApiParts } from './parts.js';

@Injectable()
export class ApiHealth {
  readonly startedAt = new Date().toISOString();
  private readonly health: Health;

  constructor(private readonly parts: ApiParts) {
    this.health = new Health([{ name: 'postgres', check: () => readHead(parts.pool).then(() => undefined) }]);
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
