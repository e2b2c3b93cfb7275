import { BaseRpcContext } from '@nestjs/microservices';
import type { Delivery } from '@keelson/bus';

/** What a handler gets by `@Ctx()`: how this event was delivered, and the signal that ends the work on it. */
export class DeliveryContext extends BaseRpcContext<[delivery: Delivery, signal: AbortSignal]> {
  get delivery(): Delivery {
    return this.args[0];
  }

  get signal(): AbortSignal {
    return this.args[1];
  }
}
