/** Characters that .NET's default JSON encoder escapes although JSON does not ask for it. */
const ESCAPED = /["&'+<>`\u007f-\uffff]/g;

/** Compact JSON with the escaping of .NET's System.Text.Json defaults, so that the CSR attribute has the same bytes. */
export function toDotNetJson(value: string | Readonly<Record<string, string>>): string {
  if (typeof value === 'string') return quote(value);
  const members = Object.entries(value).map(([name, member]) => `${quote(name)}:${quote(member)}`);
  return `{${members.join(',')}}`;
}

function quote(text: string): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    escaped += unit < ' ' ? escapeControl(unit) : unit === '\\' ? '\\\\' : unit.replace(ESCAPED, toUnicodeEscape);
  }
  return `"${escaped}"`;
}

function escapeControl(unit: string): string {
  const short: Record<string, string> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' };
  return short[unit] ?? toUnicodeEscape(unit);
}

function toUnicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
