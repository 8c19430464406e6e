/** Options of token requests, checked before any I/O (D20). */
import { parseClaimsOption } from 'core/options/options.js';

test.each(['no json', '[]', 'null', '"text"', '1', '{"a":', '{"secretvalue'])(
  'claims that are no JSON object are refused without repeating them: %s',
  (text) => {
    const refusal = (() => {
      try {
        parseClaimsOption('claims', text);
      } catch (error) {
        return error as Error;
      }
      return undefined;
    })();

    expect(refusal).toMatchObject({
      errorCode: 'invalid_json_claims_format',
      errorMessage: 'claims is not a JSON object.',
    });
    expect(refusal?.cause).toBeUndefined();
    expect(refusal?.message).not.toContain('secretvalue');
  },
);
