// What rejects, and with which cause.

/** @param {import('./world.mjs').World} world */
export function defineFailures({ test, assert, url, fetch, echo, failure, typeError, servers }) {
  test('a refused connection is a TypeError with ECONNREFUSED', async () => {
    await typeError(fetch(servers().closedOrigin), { code: 'ECONNREFUSED' });
  });

  test('a name that does not exist is a TypeError with ENOTFOUND', async () => {
    await typeError(fetch('https://no-such-host.invalid/'), { code: /^(ENOTFOUND|EAI_AGAIN)$/ });
  });

  test('a server whose certificate is not trusted gets no request', async () => {
    const error = await typeError(fetch(`${servers().untrustedOrigin}/echo`));
    assert.equal(error.cause.failure, 'untrusted_server');
  });

  test('a connection cut before the answer is a TypeError with a code', async () => {
    await typeError(fetch(url('/cut/head')), { code: /^E/ });
  });

  test('a body cut short fails the read and is not taken for complete', async () => {
    const response = await fetch(url('/cut/body'));
    await typeError(response.text(), { message: 'terminated', code: /^E/ });
  });

  test('an answer that is not HTTP is a TypeError', async () => {
    const error = await typeError(fetch(url('/garbage')));
    assert.equal(error.cause.failure, 'invalid_response');
  });

  test('a status no Response can hold is a TypeError', async () => {
    await typeError(fetch(url('/strange')), { code: /./ });
  });

  test('works again after a failure', async () => {
    await failure(fetch(url('/cut/head')));
    assert.equal((await echo()).method, 'GET');
  });
}
