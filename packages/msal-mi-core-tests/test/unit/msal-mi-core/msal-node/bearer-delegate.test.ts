/** An application without @azure/msal-node (D5). */
import { createBearerDelegate } from 'core/msal-node/bearer-delegate.js';
import { rejection } from 'support/rejection.js';

test('rule D5: without msal-node a bearer request is refused with the command that installs it', async () => {
  const absent = Object.assign(new Error('/home/user/application: no such package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const acquire = createBearerDelegate({}, () => Promise.reject(absent));
  const request = { resource: 'https://vault.azure.net', claims: undefined, forceRefresh: false, signal: undefined };
  const error = await rejection(acquire({ ...request, correlationId: 'call-1' }));

  expect(error).toMatchObject({
    errorCode: 'bearer_requires_msal_node',
    correlationId: 'call-1',
    remediation: expect.stringContaining('npm install @azure/msal-node') as string,
  });
  expect(error.message).not.toContain('/home/user');
});
