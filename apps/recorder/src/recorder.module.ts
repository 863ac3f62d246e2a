import {
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Recorder } from './recorder.js';

/** Ties the recorder to the life of the application. */
@Injectable()
export class RecorderLife implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly recorder: Recorder) {}

  onApplicationBootstrap(): void {
    this.recorder.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.recorder.stop();
  }
}

@Module({})
class RecorderModule {}

/** The application: it records from bootstrap to close. */
export function recorderModule(recorder: Recorder): DynamicModule {
  return { module: RecorderModule, providers: [{ provide: Recorder, useValue: recorder }, RecorderLife] };
}
