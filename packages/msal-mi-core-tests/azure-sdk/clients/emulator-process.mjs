// The emulator in a process of its own, so that what it keeps is not counted as memory of the client.
import { startEmulator } from 'msal-mi-emulator';

const emulator = await startEmulator({ audiences: { handshake: ['https://storage.azure.com'] } });
process.on('message', (message) => {
  if (message === 'calls') {
    const calls = emulator.journal.filter(({ leg, url }) => leg === 'resource' && url !== '');
    process.send(
      calls.map(({ headers, clientCertificateS256 }) => ({
        authorization: headers.authorization,
        clientCertificateS256,
      })),
    );
  } else {
    void emulator.close().then(() => process.disconnect());
  }
});
const { imdsUrl, resources, ca } = emulator;
process.send({ imdsUrl, resources, ca });
