import {
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Forwarder } from '#delivery';

/** Ties the forwarder to the life of the application. */
@Injectable()
export class ForwarderLife implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly forwarder: Forwarder) {}

  onApplicationBootstrap(): void {
    // Not awaited: it keeps trying until Postgres is there, and says at /readyz that it does.
    void this.forwarder.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.forwarder.stop();
  }
}

@Module({})
class ForwarderModule {}

/** The application: it delivers from bootstrap to close. */
export function forwarderModule(forwarder: Forwarder): DynamicModule {
  return { module: ForwarderModule, providers: [{ provide: Forwarder, useValue: forwarder }, ForwarderLife] };
}
