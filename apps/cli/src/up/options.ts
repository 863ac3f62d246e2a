/** The options of `affidavit up`. */
export interface UpOptions {
  once?: boolean;
  json?: boolean;
  watch?: boolean;
}
