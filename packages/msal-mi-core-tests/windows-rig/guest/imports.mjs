// Which libraries a 64-bit image imports, read from its headers (PE format), and which it knows by name.

/** Windows maps these from a list of its own, whatever lies beside the program: a planted file of that name is never read. */
export const KNOWN_DLLS = ['kernel32.dll', 'msvcrt.dll', 'advapi32.dll'];

/** Names of every library in the image, in lower case: also those that are loaded later. */
export function librariesNamedIn(image) {
  const names = image.toString('latin1').match(/[\w-]+\.dll(?=\0)/gi) ?? [];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** Names of the libraries that Windows loads together with the image, in lower case. */
export function boundImports(image) {
  const pe = image.readUInt32LE(0x3c);
  const sections = Array.from({ length: image.readUInt16LE(pe + 6) }, (_, i) => {
    const at = pe + 24 + image.readUInt16LE(pe + 20) + i * 40;
    return { rva: image.readUInt32LE(at + 12), size: image.readUInt32LE(at + 8), raw: image.readUInt32LE(at + 20) };
  });
  const offset = (rva) => {
    const section = sections.find((one) => rva >= one.rva && rva < one.rva + one.size);
    return rva - section.rva + section.raw;
  };
  const names = [];
  for (let at = offset(image.readUInt32LE(pe + 24 + 120)); image.readUInt32LE(at + 12) !== 0; at += 20) {
    const name = offset(image.readUInt32LE(at + 12));
    names.push(image.toString('latin1', name, image.indexOf(0, name)).toLowerCase());
  }
  return names;
}
