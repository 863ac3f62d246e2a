/** An answer that is made while it is sent, as fast as it is taken. */
export class AnswerStream {
  /**
   * @param chunks what is left of it when the client goes is never made; between two of them nothing is held open
   * @param headers beside its type
   */
  constructor(
    readonly contentType: string,
    readonly chunks: AsyncIterable<Buffer>,
    readonly headers: Record<string, string> = {},
  ) {}
}
