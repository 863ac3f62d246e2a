import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AffidavitError, describeError, type NodeName } from '#events';
import {
  type AdminServer,
  type App,
  type HealthCheck,
  Hindrance,
  loadOrCreateKeyPair,
  type PolicyWatch,
  STARTING,
  startAdminServer,
  untilDone,
  watchPolicy,
} from '#platform';
import { openSpool, type Spool } from '#spool';
import { assertRedisKeepsData, connectRedis, StreamSender } from '#streams';
import { Emitter } from './emitter.js';
import { checkLog, type Enrolment, enrol } from './enrolment.js';
import { GatewayError } from './errors.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { healthChecks } from './health-checks.js';
import { startHeartbeat } from './heartbeat.js';
import { PostgresGateway } from './postgres/gateway.js';
import { abandoned, OpenSessions, sessionsLeftOpen } from './sessions.js';

/** What the command line says beside the settings. */
export interface GatewayStart {
  /** Leave the pinned log for the one of the enrolment token. */
  adopt: boolean;
  version: string;
}

const ADMIN = Symbol('AdminServer');
const ENROLMENT = Symbol('Enrolment');
const POLICY = Symbol('PolicyWatch');
const SPOOL = Symbol('Spool');
const REDIS = Symbol('Redis');

/** Wires one gateway process. What is opened last closes first: the door, then the sender, then the spool. */
@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: this is Nest's form of a dynamic module
export class GatewayModule {
  static forApp(app: App, start: GatewayStart): DynamicModule {
    const { settings, logger } = app;
    const node = settings.node as NodeName;
    const folder = join(settings.dataDir, 'gateway', node);
    const openSessionsFile = join(folder, 'open-sessions.json');
    const keys = () => loadOrCreateKeyPair(join(folder, 'node.key'));
    const waiting = new Hindrance();
    let checks: HealthCheck[] = [{ name: 'start', hop: 'agent → spool', check: () => waiting.trouble ?? STARTING }];
    let status: () => object = () => ({ node });

    return {
      module: GatewayModule,
      providers: [
        { provide: OpenSessions, useFactory: () => new OpenSessions() },
        {
          provide: POLICY,
          useFactory: (): PolicyWatch => {
            const watch = watchPolicy(
              settings.configFile,
              () => logger.info({ file: settings.configFile }, 'policy changed'),
              (error) => logger.error({ err: error }, 'the policy file is wrong; the policy before it stays in force'),
            );
            app.onClose('policy', () => watch.close());
            return watch;
          },
        },
        {
          // Before what may have to wait: a gateway that waits for its api or its disk says so.
          provide: ADMIN,
          useFactory: async (): Promise<AdminServer> => {
            const admin = await startAdminServer({
              host: settings.host,
              port: settings.gatewayAdminPort,
              metrics: app.metrics,
              checks: () => checks,
              pages: { '/status': () => status() },
            });
            app.onClose('admin server', () => admin.close());
            return admin;
          },
        },
        {
          provide: ENROLMENT,
          inject: [ADMIN],
          useFactory: async (): Promise<Enrolment> => {
            const enrolment = await untilDone(logger, waiting, 'this gateway cannot be enrolled yet', () =>
              enrol({
                file: join(folder, 'pinned.json'),
                node,
                publicKey: keys().publicKey,
                token: settings.enrollToken,
                adopt: start.adopt,
              }),
            );
            await checkLog(enrolment);
            return enrolment;
          },
        },
        {
          provide: SPOOL,
          inject: [ENROLMENT, OpenSessions],
          useFactory: async (enrolment: Enrolment, sessions: OpenSessions): Promise<Spool> => {
            let isFolded = false;
            const spool = await untilDone(logger, waiting, 'the spool cannot be opened yet', () =>
              openSpool({
                directory: join(folder, 'spool'),
                node,
                version: start.version,
                log: enrolment.log,
                ...withoutUndefined(settings.spool),
                onDamage: (damage) =>
                  logger.error(
                    { damage },
                    'a part of the spool cannot be read; what was not recorded of it becomes a named hole',
                  ),
                // Before earlier runs were looked through, the file still speaks for them, and their segments must stay.
                beforeDelete: () =>
                  isFolded
                    ? sessions.save(openSessionsFile)
                    : Promise.reject(new Error('the gateway is still starting')),
              }),
            );
            app.onClose('spool', () => spool.close());
            if (enrolment.isAdopted) {
              logger.warn({ log: enrolment.log }, 'another log was adopted: all that the spool keeps is sent there');
            }
            const left = await sessionsLeftOpen(spool, spool.epoch, openSessionsFile);
            const abandon = async () => {
              if (left.length > 0) {
                await spool.appendAll(left.map((session) => abandoned(session, Date.now())));
                logger.warn(
                  { sessions: left.length },
                  'sessions of an earlier run were left open; they are recorded as abandoned',
                );
              }
              await sessions.save(openSessionsFile);
              isFolded = true;
            };
            // A full spool must not keep the gateway from starting: only sending what it holds makes room.
            await abandon().catch((error) => whenPossible(abandon, error, logger));
            return spool;
          },
        },
        {
          provide: REDIS,
          useFactory: async (): Promise<Redis> => {
            if (!settings.redisUrl) throw noRedis();
            const redis = connectRedis(settings.redisUrl, 'producer');
            app.onClose('redis', () => redis.disconnect());
            try {
              await within(1000, assertRedisKeepsData(redis));
            } catch (error) {
              // One that may evict is refused; one that is away is no outage of access: the spool keeps what it would get.
              if (error instanceof AffidavitError && error.retry === 'never') throw error;
              logger.warn({ reason: describeError(error) }, 'Redis does not answer yet; events wait in the spool');
            }
            return redis;
          },
        },
        {
          provide: StreamSender,
          inject: [REDIS, SPOOL, ENROLMENT],
          useFactory: (redis: Redis, spool: Spool, enrolment: Enrolment): StreamSender => {
            const sender = new StreamSender({
              redis,
              spool,
              node,
              log: enrolment.log,
              ...keys(),
              markPublicKey: enrolment.markKey,
              logger,
              onFork: async (epoch, _mark, agreedSeq) => {
                await spool.startEpoch();
                const again = await spool.reappend(epoch, agreedSeq);
                logger.error(
                  { epoch, events: again },
                  'the record disagrees with this epoch; its events are sent again in a new one',
                );
              },
            });
            sender.start();
            app.onClose('heartbeat', startHeartbeat(spool, settings.heartbeatMs));
            app.onClose('sender', async () => {
              await settled(spool, 1500);
              await sender.stop();
            });
            return sender;
          },
        },
        { provide: GatewayMetrics, useFactory: () => new GatewayMetrics(app.metrics) },
        {
          provide: Emitter,
          inject: [SPOOL, GatewayMetrics],
          useFactory: (spool: Spool, metrics: GatewayMetrics): Emitter => {
            const emitter = new Emitter(spool, { logger, onDurable: (seconds) => metrics.durable(seconds) });
            app.onClose('emitter', async () => {
              const unwritten = await emitter.drain(5000);
              if (unwritten > 0) logger.error({ unwritten }, 'outcomes could not be made durable before the end');
            });
            return emitter;
          },
        },
        {
          provide: PostgresGateway,
          // The sender is there before the first client: what is recorded also leaves.
          inject: [POLICY, Emitter, OpenSessions, GatewayMetrics, StreamSender],
          useFactory: async (
            policy: PolicyWatch,
            emitter: Emitter,
            sessions: OpenSessions,
            metrics: GatewayMetrics,
          ): Promise<PostgresGateway> => {
            const gateway = new PostgresGateway({
              policy: () => policy.current(),
              emitter,
              sessions,
              logger,
              metrics,
              secret: createHash('sha256')
                .update('affidavit/unknown-identity/v1')
                .update(keys().privateKey.export({ format: 'der', type: 'pkcs8' }))
                .digest(),
              tls: certificate(policy, logger),
            });
            const port = await gateway.listen(settings.host, settings.gatewayPort);
            app.onClose('gateway', () => gateway.close());
            logger.info({ host: settings.host, port }, 'PostgreSQL clients may connect');
            return gateway;
          },
        },
        {
          provide: 'Ready',
          inject: [SPOOL, POLICY, REDIS, StreamSender, PostgresGateway, GatewayMetrics, Emitter],
          useFactory: (
            spool: Spool,
            policy: PolicyWatch,
            redis: Redis,
            sender: StreamSender,
            gateway: PostgresGateway,
            metrics: GatewayMetrics,
            emitter: Emitter,
          ) => {
            metrics.observe(spool, gateway, sender);
            status = () => ({
              node,
              epoch: spool.epoch,
              spool: spool.usage(),
              sender: sender.status(),
              redis: redis.status,
              sessions: gateway.openSessions,
            });
            checks = healthChecks({ spool, policy, redis, sender, emitter });
            return true;
          },
        },
      ],
    };
  }
}

interface Certificate {
  cert: Buffer;
  key: Buffer;
}

/**
 * Certificate and key, read again when the policy names others; the same object as long as nothing changed.
 * @throws GATEWAY_CERTIFICATE_UNREADABLE for the first ones; later ones that cannot be read leave those before in force
 */
function certificate(watch: PolicyWatch, logger: App['logger']): () => Certificate | undefined {
  const read = () => {
    const { tls } = watch.current().gateway;
    return { tls, files: tls && readCertificate(tls) };
  };
  let known = read();
  return () => {
    if (watch.current().gateway.tls === known.tls) return known.files;
    try {
      known = read();
    } catch (error) {
      known = { tls: watch.current().gateway.tls, files: known.files };
      logger.error({ err: error }, 'the new certificate cannot be used; the one before stays in force');
    }
    return known.files;
  };
}

function readCertificate(files: { cert: string; key: string }): Certificate {
  try {
    const certificate = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
    createSecureContext(certificate);
    return certificate;
  } catch (cause) {
    throw new GatewayError({
      code: 'GATEWAY_CERTIFICATE_UNREADABLE',
      sqlstate: '57P03',
      message: `the certificate ${files.cert} with key ${files.key} cannot be used: ${describeError(cause)}`,
      remedy: 'Name a readable PEM certificate and its key under gateway.tls in affidavit.yaml.',
      retry: 'never',
      cause,
    });
  }
}

/** Resolves when the record holds everything, or after `timeoutMs`: what is left goes out at the next start. */
async function settled(spool: Spool, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (spool.usage().unconfirmedCount > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function noRedis(): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_NO_REDIS',
    sqlstate: '57P03',
    message: 'REDIS_URL is not set',
    remedy: 'Set REDIS_URL to a Redis 7 or Valkey that may not evict; `affidavit up` starts a local one.',
    retry: 'never',
  });
}

/** Tries again once a second, behind the start, what failed for now. @throws what will not come right by waiting */
function whenPossible(work: () => Promise<void>, error: unknown, logger: App['logger']): void {
  if (!(error instanceof AffidavitError) || error.retry !== 'later') throw error;
  logger.warn({ reason: describeError(error) }, 'the spool takes nothing yet; what this start has to say waits');
  setTimeout(() => void work().catch((again) => whenPossible(work, again, logger)), 1000).unref();
}
