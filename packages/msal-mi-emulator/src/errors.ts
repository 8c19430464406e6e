/** Why {@link startEmulator} refused to start. */
export type EmulatorErrorCode = 'invalid_option' | 'host_not_loopback' | 'port_unavailable';

/** An option that the emulator cannot work with. Raised before anything listens, except `port_unavailable`. */
export class EmulatorError extends TypeError {
  override readonly name = 'EmulatorError';
  /**
   * @param code what kind of refusal this is
   * @param message what to change
   */
  constructor(
    readonly code: EmulatorErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
