/** A host whose name server sends the names of a cloud to the emulator: real connections, to an address of the test. */
import type { MtlsTransport, Platform } from 'core/ports.js';

export class RoutedPlatform implements Platform {
  /** Origins that were asked for, in order. */
  readonly origins: string[] = [];
  readonly keyStore: Platform['keyStore'];
  readonly certificateStore: Platform['certificateStore'];

  /** @param routes - Origin that the product asks for -> origin that answers. Others are reached as they are. */
  constructor(
    private readonly platform: Platform,
    private readonly routes: Readonly<Record<string, string>>,
  ) {
    this.keyStore = platform.keyStore;
    this.certificateStore = platform.certificateStore;
  }

  createTransport(trustedAuthorities: readonly string[]): MtlsTransport {
    const transport = this.platform.createTransport(trustedAuthorities);
    return {
      bind: (key, certificate) => {
        const channel = transport.bind(key, certificate);
        return {
          ...channel,
          send: (request) => {
            const { origin, pathname, search } = request.url;
            this.origins.push(origin);
            return channel.send({ ...request, url: new URL((this.routes[origin] ?? origin) + pathname + search) });
          },
        };
      },
    };
  }
}
