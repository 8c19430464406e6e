/** Why {@link startEmulator} refused to start. */
export type EmulatorErrorCode = 'invalid_option' | 'host_not_loopback' | 'port_unavailable';

/** An option that the emulator cannot work with. Raised before anything listens, except `port_unavailable`. */
export class EmulatorError extends TypeError {
  /** Always `EmulatorError`. */
  override readonly name = 'EmulatorError';
  /** The option that is wrong, `identities[0].clientId` for example; undefined when it is none of them. */
  readonly option: string | undefined;

  /**
   * @param code what kind of refusal this is
   * @param message what to change
   * @param options the cause, and the name of the option
   */
  constructor(
    /** What kind of refusal this is. */
    readonly code: EmulatorErrorCode,
    message: string,
    options?: ErrorOptions & { option?: string },
  ) {
    super(message, options);
    this.option = options?.option;
  }
}
