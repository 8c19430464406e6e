/** Finds what a service repeats of what it was sent. */

/** A piece of a secret that is as long as this is masked; whatever is shorter only as a whole. */
const PIECE_LENGTH = 16;
/** Shorter values are not secrets: they are words of the protocol. */
const SHORTEST_SECRET = 4;
const SHORTEST_ENCODED = 8;
/** Of all secrets together: what is looked for in pieces and in other encodings. */
const MAX_SECRET_LENGTH = 32 * 1024;

/**
 * Calls `hide` for every part of `text` that repeats one of `secrets`: whole or in pieces, as it is, percent-encoded (also
 * twice), as a JSON string, or as Base64 in either alphabet, in upper or lower case.
 */
export function hideEchoes(text: string, secrets: Iterable<string>, hide: (from: number, to: number) => void): void {
  const searched = normalized(text);
  const pieces = new Pieces(searched);
  let length = 0;
  for (const secret of new Set(secrets)) {
    if (secret.length < SHORTEST_SECRET) continue;
    hideWhole(searched, normalized(secret), hide);
    length += secret.length;
    if (length > MAX_SECRET_LENGTH) continue;
    for (const form of formsOf(secret)) {
      if (form.length >= PIECE_LENGTH) pieces.mark(form);
      else if (form.length >= SHORTEST_ENCODED) hideWhole(searched, form, hide);
    }
  }
  pieces.hide(hide);
}

/** The pieces of a text, and which of them are a secret's. */
class Pieces {
  readonly #text: string;
  readonly #known = new Set<string>();
  readonly #found = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  mark(secret: string): void {
    if (this.#known.size === 0) forEachPiece(this.#text, (piece) => this.#known.add(piece));
    forEachPiece(secret, (piece) => this.#known.has(piece) && this.#found.add(piece));
  }

  hide(hide: (from: number, to: number) => void): void {
    if (this.#found.size === 0) return;
    forEachPiece(this.#text, (piece, at) => this.#found.has(piece) && hide(at, at + PIECE_LENGTH));
  }
}

function forEachPiece(text: string, visit: (piece: string, at: number) => unknown): void {
  for (let at = 0; at + PIECE_LENGTH <= text.length; at += 1) visit(text.slice(at, at + PIECE_LENGTH), at);
}

function hideWhole(text: string, secret: string, hide: (from: number, to: number) => void): void {
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length)) {
    hide(at, at + secret.length);
  }
}

function formsOf(secret: string): Set<string> {
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const percent = form.replaceAll('+', '%20');
  const forms = [
    secret,
    form,
    percent,
    encodeURIComponent(percent),
    JSON.stringify(secret).slice(1, -1),
    ...inBase64(secret),
  ];
  return new Set(forms.map(normalized));
}

/** As it shows in the Base64 of a text around it: three bytes make four characters, wherever it begins. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.from('\0'.repeat(before) + secret);
    const encoded = bytes.toString('base64url');
    const whole = encoded.slice(0, Math.floor((bytes.length * 4) / 3));
    return before === 0 ? whole : whole.slice(before + 1);
  });
}

/** Same length: upper case becomes lower, and either alphabet of Base64 the one for URLs. */
function normalized(text: string): string {
  return text
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
