/** Members that look as if they chose an identity and do not are refused with the right spelling (D38). */
import { MtlsManagedIdentityCredential } from 'core/azure/index.js';
import { BoundConfidentialClient, createManagedIdentityAssertion, ManagedIdentityApplication } from 'core/index.js';
import { errorWith } from '../support/errors.js';

type Unchecked = never;
const CLIENT_ID = '11111111-2222-3333-4444-555555555555';
const application = (configuration: unknown) => new ManagedIdentityApplication(configuration as Unchecked);
const credential = (options: unknown) => new MtlsManagedIdentityCredential(options as Unchecked);
const identity = (params: unknown) => ({ managedIdentityIdParams: params });
const assertion = () => Promise.reject(new Error('never called'));
const auth = { clientId: 'app', authority: 'https://login.microsoftonline.com/t', clientAssertion: assertion };
/** Matches a text that holds another. */
const saying = (text: string): string => expect.stringContaining(text) as string;
const spelt = (name: string) =>
  errorWith({ errorCode: 'invalid_managed_identity_id_type', errorMessage: saying(`{ ${name}: '`) });

const LOOK_ALIKES = [
  ['clientId', 'userAssignedClientId'],
  ['clientID', 'userAssignedClientId'],
  ['client_id', 'userAssignedClientId'],
  ['userAssignedClientID', 'userAssignedClientId'],
  ['userAssignedIdentityClientId', 'userAssignedClientId'],
  ['managedIdentityClientId', 'userAssignedClientId'],
  ['resourceId', 'userAssignedResourceId'],
  ['mi_res_id', 'userAssignedResourceId'],
  ['objectId', 'userAssignedObjectId'],
  ['principalId', 'userAssignedObjectId'],
];

test.each(LOOK_ALIKES)(
  '%s is refused in managedIdentityIdParams, in the configuration and in a credential',
  (name, right) => {
    const options = { [name]: CLIENT_ID };
    for (const construct of [
      () => application(identity(options)),
      () => application(options),
      () => credential(options),
      () => credential(identity(options)),
    ]) {
      expect(construct).toThrow(spelt(right));
      expect(construct).toThrow(JSON.stringify(name));
    }
  },
);

test('managedIdentityIdParams takes no other member at all, even one that is undefined', () => {
  expect(() => application(identity({ tenantId: CLIENT_ID }))).toThrow(spelt('userAssignedClientId'));
  expect(() => application(identity({ clientId: undefined }))).toThrow(spelt('userAssignedClientId'));
});

test.each([
  ['an application', application],
  ['an application', (id: unknown) => application(identity(id))],
  ['a credential', credential],
])('%s takes no string for its identity', (_what, construct) => {
  expect(() => construct(CLIENT_ID)).toThrow(
    errorWith({
      errorCode: 'invalid_configuration',
      errorMessage: saying('managedIdentityIdParams: { userAssignedClientId'),
    }),
  );
});

test('a credential takes no option it does not know, and no configuration next to an application', () => {
  expect(() => credential({ authorityHost: 'https://login.example' })).toThrow(
    errorWith({ errorCode: 'invalid_request', errorMessage: saying('"authorityHost"') }),
  );
  const shared = application({});
  expect(() => credential({ application: shared, managedIdentityIdParams: {} })).toThrow(
    errorWith({ errorCode: 'invalid_request', errorMessage: saying('managedIdentityIdParams') }),
  );
  expect(() => credential({ application: {} })).toThrow(errorWith({ errorCode: 'invalid_request' }));
  expect(() => credential({ application: shared, system: undefined, minStrength: 1 })).not.toThrow();
});

test('the client of an application says where a managed identity is named', () => {
  const construct = (configuration: unknown) => () => new BoundConfidentialClient(configuration as Unchecked);
  for (const configuration of [
    { auth, clientId: CLIENT_ID },
    { auth, managedIdentityIdParams: { userAssignedClientId: CLIENT_ID } },
    { auth: { ...auth, managedIdentityClientId: CLIENT_ID } },
    { auth: { ...auth, userAssignedClientId: CLIENT_ID } },
  ]) {
    expect(construct(configuration)).toThrow(
      errorWith({
        errorCode: 'invalid_configuration',
        errorMessage: saying('createManagedIdentityAssertion'),
      }),
    );
  }
  expect(construct({ auth })).not.toThrow();
});

test('an assertion is of an application, not of an id', () => {
  const create = createManagedIdentityAssertion as (...members: unknown[]) => unknown;
  const refused = errorWith({
    errorCode: 'invalid_request',
    errorMessage: saying('managedIdentityIdParams: { userAssignedClientId'),
  });
  expect(() => create(CLIENT_ID)).toThrow(refused);
  expect(() => create({ userAssignedClientId: CLIENT_ID })).toThrow(refused);
  expect(() => create(undefined)).toThrow(refused);
  expect(() => create(application({}), { userAssignedClientId: CLIENT_ID })).toThrow(refused);
});

test('other unknown members are ignored, as msal-node does, with one line in the log', async () => {
  const lines: string[] = [];
  const loggerOptions = { loggerCallback: (_level: number, message: string) => lines.push(message) };
  const app = application({ cache: {}, system: { tracer: 1, loggerOptions } });
  for (let call = 1; call <= 2; call += 1) {
    await expect(app.acquireToken({ resource: ' ', mtlsProofOfPossession: true })).rejects.toThrow();
  }

  expect(lines.filter((line) => line.includes('cache, system.tracer'))).toHaveLength(1);
});
