/** An application without @azure/msal-node (D5). */
import { MsalNodeApplication } from 'core/msal-node/msal-node.js';
import { rejection } from 'support/rejection.js';

test('rule D5: without msal-node a bearer request is refused with the command that installs it', async () => {
  const absent = Object.assign(new Error('/home/user/application: no such package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const application = new MsalNodeApplication(
    { create: () => undefined, alternative: 'set mtlsProofOfPossession: true', errorCode: 'token_request_failed' },
    () => Promise.reject(absent),
  );
  const error = await rejection(application.acquire(() => Promise.resolve(null), { correlationId: 'call-1' }));

  expect(error).toMatchObject({
    errorCode: 'bearer_requires_msal_node',
    correlationId: 'call-1',
    remediation: expect.stringContaining('npm install @azure/msal-node') as string,
  });
  expect(error.message).not.toContain('/home/user');
});
