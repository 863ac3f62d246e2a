import {
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Fleet } from '#delivery';
import { Destinations } from './destinations.js';

/** Ties the fleet to the life of the application, and to the configuration. */
@Injectable()
export class FleetLife implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly fleet: Fleet,
    private readonly destinations: Destinations,
  ) {}

  onApplicationBootstrap(): void {
    // Not awaited: each keeps trying until Postgres is there, and says at /readyz that it does.
    this.destinations.onChange((specs) => void this.fleet.follow(specs));
    void this.fleet.follow(this.destinations.current());
  }

  async onModuleDestroy(): Promise<void> {
    this.destinations.close();
    await this.fleet.stop();
  }
}

@Module({})
class ForwarderModule {}

/** The application: it delivers from bootstrap to close. */
export function forwarderModule(fleet: Fleet, destinations: Destinations): DynamicModule {
  return {
    module: ForwarderModule,
    providers: [{ provide: Fleet, useValue: fleet }, { provide: Destinations, useValue: destinations }, FleetLife],
  };
}
