import { AffidavitError, type ErrorFacts } from '#events';

/** What the delivery of events to a destination refuses or cannot do. Codes start with `DELIVERY_`. */
export class DeliveryError extends AffidavitError {
  constructor(facts: ErrorFacts & { code: `DELIVERY_${string}` }) {
    super(facts);
  }
}
