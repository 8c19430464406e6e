import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, RedirectHandler, RetryHandler, TelemetryHandler } from '@microsoft/microsoft-graph-client';
import axios from 'axios';
import got from 'got';
import { GraphQLClient } from 'graphql-request';
import ky from 'ky';
import OpenAI, { AzureOpenAI } from 'openai';
import createClient from 'openapi-fetch';
import { Request as UndiciRequest } from 'undici';
import { createAuthorizationHeader, createMtlsFetch, MtlsBindingStrength } from 'msal-mi-core';
import { failure } from '../suite/world.mjs';

const COGNITIVE = 'https://cognitiveservices.azure.com';
const minStrength = MtlsBindingStrength.Software;

export function describeHttpClients(world) {
  const fetchFor = (resource) =>
    createMtlsFetch(world.application, { resource, minStrength, allowedHosts: [world.host] });

  describe('over createMtlsFetch', () => {
    test('axios gets and posts JSON', async () => {
      const client = axios.create({
        baseURL: world.endpoint,
        adapter: 'fetch',
        env: { fetch: fetchFor(COGNITIVE), Request, Response },
      });
      world.answer({ status: 200, body: { a: 1 } }, { status: 200, body: { b: 2 } });
      assert.deepEqual((await client.get('/things')).data, { a: 1 });
      assert.deepEqual((await client.post('/things', { c: 3 })).data, { b: 2 });
      assert.equal(world.calls()[1].body, '{"c":3}');
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('ky gets and posts JSON', async () => {
      const client = ky.create({
        baseUrl: world.endpoint,
        prefix: world.endpoint,
        fetch: fetchFor(COGNITIVE),
        retry: 0,
      });
      world.answer({ status: 200, body: { a: 1 } }, { status: 200, body: { b: 2 } });
      assert.deepEqual(await client.get('things').json(), { a: 1 });
      assert.deepEqual(await client.post('things', { json: { c: 3 } }).json(), { b: 2 });
      assert.equal(world.calls()[1].body, '{"c":3}');
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('openapi-fetch gets and posts JSON', async () => {
      const client = createClient({ baseUrl: world.endpoint, fetch: fetchFor(COGNITIVE) });
      world.answer({ status: 200, body: { a: 1 } }, { status: 200, body: { b: 2 } });
      assert.deepEqual((await client.GET('/things')).data, { a: 1 });
      assert.deepEqual((await client.POST('/things', { body: { c: 3 } })).data, { b: 2 });
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('graphql-request asks', async () => {
      const client = new GraphQLClient(`${world.endpoint}/graphql`, { fetch: fetchFor(COGNITIVE) });
      world.answer({ status: 200, headers: { 'Content-Type': 'application/json' }, body: { data: { a: 1 } } });
      assert.deepEqual(await client.request('{ a }'), { a: 1 });
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('OpenAI and AzureOpenAI ask, and stream', async () => {
      const fetch = fetchFor(COGNITIVE);
      const clients = [
        new OpenAI({ baseURL: `${world.endpoint}/openai/v1`, apiKey: 'unused', fetch }),
        new AzureOpenAI({
          endpoint: world.endpoint,
          apiVersion: '2024-10-21',
          azureADTokenProvider: async () => 'unused',
          fetch,
        }),
      ];
      for (const client of clients) {
        world.answer(
          { status: 200, body: { id: '1', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' } }] } },
          {
            status: 200,
            headers: { 'Content-Type': 'text/event-stream' },
            body: 'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n',
          },
        );
        const request = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
        assert.equal((await client.chat.completions.create(request)).choices[0].message.content, 'hi');
        let text = '';
        for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
          text += choices[0].delta.content;
        }
        assert.equal(text, 'hi');
      }
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('Microsoft Graph asks, with our fetch as the last middleware', async () => {
      const fetch = fetchFor('https://graph.microsoft.com');
      const handlers = [new RetryHandler(), new RedirectHandler(), new TelemetryHandler()];
      const last = {
        execute: async (context) => {
          context.response = await fetch(context.request, context.options);
        },
      };
      [...handlers].forEach((handler, index) => handler.setNext(handlers[index + 1] ?? last));
      const client = Client.initWithMiddleware({
        middleware: handlers[0],
        baseUrl: world.endpoint,
        customHosts: new Set(['localhost']),
      });
      world.answer({ status: 200, headers: { 'Content-Type': 'application/json' }, body: { value: [{ id: '1' }] } });
      assert.equal((await client.api('/users').top(1).get()).value[0].id, '1');
      world.assertBound(world.calls(), 'https://graph.microsoft.com');
    });

    test("undici's own Request objects are taken", async () => {
      const fetch = fetchFor(COGNITIVE);
      world.answer({ status: 200, body: { a: 1 } });
      const request = new UndiciRequest(`${world.endpoint}/things`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-a': 'b' },
        body: '{"c":3}',
      });
      assert.deepEqual(await (await fetch(request)).json(), { a: 1 });
      const [{ method, headers, body }] = world.calls();
      assert.deepEqual(
        [method, headers['x-a'], headers['content-type'], body],
        ['POST', 'b', 'application/json', '{"c":3}'],
      );
      world.assertBound(world.calls(), COGNITIVE);
    });

    test('no client takes the token to another host', async () => {
      const fetch = createMtlsFetch(world.application, { resource: COGNITIVE, minStrength });
      const client = axios.create({ adapter: 'fetch', env: { fetch, Request, Response } });
      const error = await failure(client.get(`${world.endpoint}/things`));
      assert.match(error.message, new RegExp(`${world.host}.*not among`));
      assert.deepEqual(world.calls(), []);
    });
  });

  describe("over Node's own TLS", () => {
    test('got sends the token with its certificate', async () => {
      const result = await world.application.acquireToken({
        resource: COGNITIVE,
        mtlsProofOfPossession: true,
        minStrength,
      });
      const { cert, key } = result.binding.tlsOptions();
      const client = got.extend({
        prefixUrl: world.endpoint,
        https: { certificate: cert, key, certificateAuthority: world.emulator.ca },
        headers: { authorization: createAuthorizationHeader(result) },
        followRedirect: false,
        retry: { limit: 0 },
      });
      world.answer({ status: 200, body: { a: 1 } });
      assert.deepEqual(await client.get('things').json(), { a: 1 });
      world.assertBound(world.calls(), COGNITIVE);
    });
  });
}
