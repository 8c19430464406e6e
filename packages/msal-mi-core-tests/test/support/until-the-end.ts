/**
 * What the tests of a file share: awaited at its top level, closed behind its last test.
 * `const world = await untilTheEnd(World.start());`
 */
export async function untilTheEnd<T extends { close(): unknown }>(starting: T | Promise<T>): Promise<T> {
  const started = await starting;
  afterAll(() => started.close());
  return started;
}
